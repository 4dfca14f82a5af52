//! A server on loopback that writes down what it is asked and answers as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use relay_registry::{ClientOptions, Credential, ReadRetry, RegistryClient, RegistryUrl};
use relay_values::CredentialId;

/// The token that must never be seen where it does not belong.
pub(crate) const CANARY: &str = "npm_canaryCANARY0123456789";

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query, as on the wire.
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: bytes::Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// One answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: bytes::Bytes,
}

pub(crate) fn reply(status: u16, body: impl Into<bytes::Bytes>) -> Reply {
    Reply { status, headers: Vec::new(), body: body.into() }
}

impl Reply {
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Answers = Box<dyn Fn(&Asked, usize) -> Reply + Send + Sync>;

struct Shared {
    asked: Mutex<Vec<Asked>>,
    answers: Answers,
}

/// The running server. It ends with the test's runtime.
pub(crate) struct Recorder {
    shared: Arc<Shared>,
    pub(crate) registry: RegistryUrl,
}

impl Recorder {
    /// Answers by the request and by how many came before it.
    pub(crate) async fn start(answers: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared { asked: Mutex::default(), answers: Box::new(answers) });
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().fallback(record).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { shared, registry: RegistryUrl::parse(&format!("http://127.0.0.1:{port}/")).unwrap() }
    }

    /// Gives the same answer to everything.
    pub(crate) async fn saying(answer: Reply) -> Self {
        Self::start(move |_, _| answer.clone()).await
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    pub(crate) fn only(&self) -> Asked {
        let asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:#?}");
        asked[0].clone()
    }

    /// The canary token, good for this registry.
    pub(crate) fn credential(&self) -> Credential {
        Credential::new_bearer(CANARY.into(), CredentialId::made(self.registry.clone(), "a test"))
    }
}

async fn record(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: axum::body::to_bytes(body, 64 * 1024 * 1024).await.unwrap(),
    };
    let before = {
        let mut all = shared.asked.lock().unwrap();
        all.push(asked.clone());
        all.len() - 1
    };
    let reply = (shared.answers)(&asked, before);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}

/// A client that does not wait between tries.
pub(crate) fn client() -> RegistryClient {
    RegistryClient::new(ClientOptions {
        user_agent: "relay/test".into(),
        retry: ReadRetry { first_wait: Duration::ZERO, ..ReadRetry::default() },
        ..ClientOptions::default()
    })
    .unwrap()
}
