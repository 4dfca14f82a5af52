//! One request from the wire to its answer: host check, recording, faults, latency, body, dispatch.
#![expect(clippy::disallowed_methods, reason = "a registry that is slow on demand")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::extract::{ConnectInfo, Request, State as Extract};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};

use crate::answer::Answer;
use crate::credentials::describe;
use crate::endpoints;
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::faults::FaultKind;
use crate::listener::Cutter;
use crate::records::RecordedRequest;
use crate::refusals::Refusal;
use crate::state::{Shared, State};

/// Bytes of one piece of an oversized answer.
const FILLER_BYTES: usize = 8 * 1024;

/// Bytes beyond the bound that are taken in of a body that is too large.
const MAX_DRAINED_BYTES: usize = 512 * 1024 * 1024;

/// The whole registry as a router; all paths go the same way, since npm's cannot be told apart before decoding.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(serve).with_state(shared)
}

async fn serve(
    Extract(shared): Extract<Arc<Shared>>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str().to_owned();
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    let mut incoming = Incoming::new(&method, &parts.uri, parts.headers, &host, shared.prefix());
    if !is_loopback_host(&host) {
        // A page elsewhere can point its own name at 127.0.0.1 and reach the sandbox through a browser; such a request
        // carries that name here.
        return respond(Answer::from(Refusal::Malformed(
            "this registry answers only to 127.0.0.1 and localhost".into(),
        )));
    }
    let (taken, latency) = shared.with(|state| (take_up(state, &incoming), state.options.latency));
    let outcome = handle(&shared, &mut incoming, body.into_data_stream(), &taken, latency).await;
    let length = u64::try_from(incoming.body.len()).unwrap_or(u64::MAX);
    let status = match &outcome {
        Outcome::Answer(response) => Some(response.status().as_u16()),
        Outcome::Cut => None,
    };
    shared.with(|state| {
        state.settle(taken.sequence, length, status);
        let Taken { path, credential, .. } = taken;
        state.tell(SandboxEvent::Answered { method, path, status, credential });
    });
    match outcome {
        Outcome::Answer(response) => response,
        Outcome::Cut => {
            cutter.cut();
            respond(Answer::empty(500))
        }
    }
}

/// A request that was recorded, with the fault it meets.
struct Taken {
    sequence: u64,
    path: String,
    credential: Option<String>,
    fault: Option<FaultKind>,
    max_body_bytes: usize,
}

enum Outcome {
    Answer(Response),
    Cut,
}

fn take_up(state: &mut State, request: &Incoming) -> Taken {
    let fault = state.faults.take(&request.method, &request.path, request.route.package());
    if let Some(fault) = &fault {
        state.tell(SandboxEvent::FaultPlayed { what: fault.in_words() });
    }
    note_use(state, request);
    let path = shown_path(state, request);
    let credential = request.authorization().map(|value| describe(state, value));
    let headers = request.headers.iter().map(|(name, value)| {
        let shown = match name.as_str() {
            "authorization" => credential.clone().unwrap_or_default(),
            "npm-otp" => "<otp>".to_owned(),
            _ => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        (name.as_str().to_owned(), shown)
    });
    let record = RecordedRequest {
        sequence: 0,
        method: request.method.clone(),
        path: path.clone(),
        headers: headers.collect(),
        body_length: 0,
        status: None,
        at: state.clock.now(),
    };
    let sequence = state.record(record);
    Taken { sequence, path, credential, fault, max_body_bytes: state.options.max_body_bytes }
}

/// Notes on the token that it was used.
fn note_use(state: &mut State, request: &Incoming) {
    let now = state.clock.now();
    let bearer = request.authorization().and_then(|value| value.split_once(' ')).map(|(_, value)| value.trim());
    if let Some(token) = bearer.and_then(|bearer| state.tokens.get_mut(bearer)) {
        token.accessed = Some(now);
    }
}

/// The raw path and query, with any token in it replaced.
fn shown_path(state: &State, request: &Incoming) -> String {
    let mut path = request.path.clone();
    if !request.query.is_empty() {
        path = format!("{path}?{}", request.query);
    }
    if path.contains("npm_") {
        for token in state.tokens.values().filter(|token| request.path.contains(&token.value)) {
            path = path.replace(&token.value, &format!("<{} of {}>", token.used_as(), token.account));
        }
    }
    path
}

async fn handle(
    shared: &Shared,
    incoming: &mut Incoming,
    body: BodyDataStream,
    taken: &Taken,
    latency: Duration,
) -> Outcome {
    let cut_after = match &taken.fault {
        Some(FaultKind::DropDuringUpload { after_bytes }) => Some(*after_bytes),
        _ => None,
    };
    let limit = cut_after.unwrap_or(taken.max_body_bytes);
    let drain = if cut_after.is_some() { limit } else { limit.saturating_add(MAX_DRAINED_BYTES) };
    let body = read_body(body, &incoming.headers, limit, drain).await;
    let delay = if let Some(FaultKind::Delay(span)) = taken.fault { span } else { Duration::ZERO };
    if let Some(total) = latency.checked_add(delay).filter(|total| !total.is_zero()) {
        tokio::time::sleep(total).await;
    }
    let body = match body {
        _ if cut_after.is_some() => return Outcome::Cut,
        Ok(body) => body,
        Err(BodyError::TooLarge) => return Outcome::Answer(respond(Refusal::TooLarge.into())),
        Err(BodyError::Broken) => return Outcome::Cut,
    };
    incoming.body = body;
    let incoming = &*incoming;
    match &taken.fault {
        Some(FaultKind::Trickle { pause }) => Outcome::Answer(trickled(endpoints::dispatch(shared, incoming), *pause)),
        None | Some(FaultKind::Delay(_) | FaultKind::DropDuringUpload { .. }) => {
            Outcome::Answer(respond(endpoints::dispatch(shared, incoming)))
        }
        Some(FaultKind::Status { code, body, headers }) => Outcome::Answer(respond(custom(*code, body, headers))),
        Some(FaultKind::StatusAfterCommit { code, body, headers }) => {
            endpoints::dispatch(shared, incoming);
            Outcome::Answer(respond(custom(*code, body, headers)))
        }
        Some(FaultKind::Html { code }) => {
            let page = "<html>\r\n<head><title>Error</title></head>\r\n<body><center><h1>Error</h1></center></body>\r\n</html>\r\n";
            Outcome::Answer(respond(Answer::bytes(*code, "text/html", Bytes::from_static(page.as_bytes()))))
        }
        Some(FaultKind::Nested { depth }) => {
            let body = format!("{}{}", "[".repeat(*depth), "]".repeat(*depth));
            Outcome::Answer(respond(custom(200, &body, &[])))
        }
        Some(FaultKind::NotUtf8 { code }) => {
            let body = Bytes::from_static(b"{\"error\":\"\xff\xfe\xc0\x80\"}");
            Outcome::Answer(respond(Answer { body, ..custom(*code, "", &[]) }))
        }
        Some(FaultKind::RedirectToItself) => {
            let location = format!("{}{}", incoming.origin, incoming.path);
            Outcome::Answer(respond(custom(307, "", &[("location".to_owned(), location)])))
        }
        Some(FaultKind::Echo { code }) => Outcome::Answer(respond(echo(*code, incoming))),
        Some(FaultKind::DropBeforeCommit) => Outcome::Cut,
        Some(FaultKind::DropAfterCommit) => {
            endpoints::dispatch(shared, incoming);
            Outcome::Cut
        }
        Some(FaultKind::Truncate { after_bytes }) => {
            Outcome::Answer(truncated(endpoints::dispatch(shared, incoming), *after_bytes))
        }
        Some(FaultKind::Oversized { bytes }) => Outcome::Answer(oversized(*bytes)),
    }
}

enum BodyError {
    TooLarge,
    Broken,
}

/// Reads a body of at most `limit` bytes; of one that says it is longer, at most `drain` bytes are taken in.
async fn read_body(
    mut body: BodyDataStream,
    headers: &HeaderMap,
    limit: usize,
    drain: usize,
) -> Result<Bytes, BodyError> {
    let stated = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if stated.is_some_and(|stated| stated > limit) {
        // Take in what comes, up to a bound, so that the client gets to see the answer instead of a reset.
        let mut seen = 0_usize;
        while let Some(Ok(piece)) = body.next().await {
            seen = seen.saturating_add(piece.len());
            if seen >= drain {
                break;
            }
        }
        return Err(BodyError::TooLarge);
    }
    let mut whole = BytesMut::with_capacity(stated.unwrap_or_default());
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| BodyError::Broken)?;
        if whole.len().saturating_add(piece.len()) > limit {
            return Err(BodyError::TooLarge);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

fn custom(code: u16, body: &str, headers: &[(String, String)]) -> Answer {
    let stated = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let mut answer = Answer::empty(code);
    answer.content_type = (!stated).then_some("application/json");
    answer.headers = headers.to_vec();
    answer.body = Bytes::from(body.to_owned());
    answer
}

/// An error with what should never be said again.
fn echo(code: u16, incoming: &Incoming) -> Answer {
    let authorization = incoming.authorization().unwrap_or("nothing");
    let otp = incoming.otp().unwrap_or("no password");
    let words = format!("could not use {authorization} with {otp}");
    let headers = [("npm-notice".to_owned(), words.clone())];
    custom(code, &serde_json::json!({ "error": words }).to_string(), &headers)
}

fn respond(answer: Answer) -> Response {
    let (status, content_type) = (answer.status, answer.content_type);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    response
}

/// The answer with its full `content-length` and only the first bytes of its body.
fn truncated(answer: Answer, after_bytes: usize) -> Response {
    let length = answer.body.len();
    let head = answer.body.slice(..after_bytes.min(length));
    let cut = async {
        // The pause lets the server send what it has; an error at once would take the head with it.
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    };
    let pieces = stream::once(std::future::ready(Ok(head))).chain(stream::once(cut));
    let mut response = respond(Answer { body: Bytes::new(), ..answer });
    *response.body_mut() = Body::from_stream(pieces);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// The answer, one byte of its body at a time.
fn trickled(answer: Answer, pause: Duration) -> Response {
    let body = answer.body.clone();
    let pieces = stream::iter(0..body.len()).then(move |index| {
        let piece = body.slice(index..=index);
        async move {
            tokio::time::sleep(pause).await;
            Ok::<_, std::io::Error>(piece)
        }
    });
    let mut response = respond(Answer { body: Bytes::new(), ..answer });
    *response.body_mut() = Body::from_stream(pieces);
    response
}

fn oversized(bytes: u64) -> Response {
    let filler = Bytes::from_static(&[b' '; FILLER_BYTES]);
    let piece = u64::try_from(FILLER_BYTES).unwrap_or(u64::MAX);
    let pieces = stream::iter(0..bytes.div_ceil(piece)).map(move |index| {
        let left = usize::try_from(bytes - index * piece).unwrap_or(usize::MAX);
        Ok::<_, std::io::Error>(filler.slice(..left.min(FILLER_BYTES)))
    });
    let mut response = respond(Answer::bytes(200, "application/json", Bytes::new()));
    *response.body_mut() = Body::from_stream(pieces);
    response
}

fn is_loopback_host(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost")
}
