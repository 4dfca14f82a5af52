use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::*;
use crate::event::Clock;

const REGISTRY: &str = "https://registry.example/";

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-11-29T12:00:00Z".parse().unwrap()
    }
}

/// A registry that gives its answers one after the other, the last one for ever, and a person, with what both were asked.
#[derive(Default)]
struct World {
    offers_web: bool,
    polls: Mutex<Vec<Result<LoginPoll, LoginError>>>,
    by_name: Mutex<Vec<Result<NameLogin, LoginError>>>,
    who: Option<(String, SecretString)>,
    stops: bool,
    codes: Mutex<Vec<Otp>>,
    asked: Mutex<Vec<String>>,
}

impl World {
    fn note(&self, what: impl Into<String>) {
        self.asked.lock().unwrap().push(what.into());
    }

    async fn log_in(&self, web: bool) -> Result<LoggedIn, LoginFailure> {
        let registry = RegistryUrl::parse(REGISTRY).unwrap();
        let wish = LoginWish { registry: &registry, credential: None, web, clock: Arc::new(Noon) };
        log_in(&wish, self, self).await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn next<T: Clone>(answers: &Mutex<Vec<T>>) -> T {
    let mut answers = answers.lock().unwrap();
    if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
}

impl LoginCalls for World {
    async fn begin(&self, registry: &RegistryUrl, _: Option<&Credential>) -> Result<LoginStart, LoginError> {
        self.note("begin");
        let page = "https://web.example/login/1".parse().unwrap();
        Ok(if self.offers_web {
            LoginStart::Web(WebLogin::for_tests(page, registry.below("done")))
        } else {
            LoginStart::NotOffered
        })
    }

    async fn poll(&self, _: &RegistryUrl, _: &WebLogin) -> Result<LoginPoll, LoginError> {
        self.note("poll");
        next(&self.polls)
    }

    async fn by_name(
        &self,
        _: &RegistryUrl,
        who: &NameAndPassword<'_>,
        otp: Option<&Otp>,
    ) -> Result<NameLogin, LoginError> {
        self.note(format!("{} at {}, code: {}", who.name, who.date, otp.is_some()));
        next(&self.by_name)
    }
}

impl LoginPerson for World {
    fn show(&self, page: &Url) {
        self.note(page.as_str());
    }

    async fn name_and_password(&self) -> Typed<(String, SecretString)> {
        if self.stops {
            return Typed::Interrupted;
        }
        self.who.clone().map_or(Typed::Skipped, Typed::Given)
    }

    async fn code(&self, message: &str) -> Typed<Otp> {
        self.note(message);
        self.codes.lock().unwrap().pop().map_or(Typed::Skipped, Typed::Given)
    }
}

fn challenged() -> NameLogin {
    NameLogin::Challenged(Challenge::Otp { message: "a code, please".to_owned(), notice: None })
}

#[tokio::test(start_paused = true)]
async fn a_web_login_is_polled_until_its_token_is_there() {
    let pending = |seconds| Ok(LoginPoll::Pending { retry_after: Some(Duration::from_secs(seconds)) });
    let polls = Mutex::new(vec![pending(5), pending(0), Ok(LoginPoll::Done("npm_t".into()))]);
    let world = World { offers_web: true, polls, ..World::default() };
    let began = Instant::now();
    let session = world.log_in(true).await.ok().unwrap();
    assert_eq!(session.website.as_deref(), Some("https://web.example"));
    assert_eq!(world.asked(), ["begin", "https://web.example/login/1", "poll", "poll", "poll"]);
    assert_eq!(began.elapsed(), Duration::from_secs(5) + CHALLENGE_POLL_MIN, "as the registry asks, and never at once");
}

#[tokio::test(start_paused = true)]
async fn a_web_login_that_nobody_completes_ends() {
    let pending = Ok(LoginPoll::Pending { retry_after: Some(Duration::from_hours(9)) });
    let world = World { offers_web: true, polls: Mutex::new(vec![pending]), ..World::default() };
    let registry = RegistryUrl::parse(REGISTRY).unwrap();
    assert_eq!(world.log_in(true).await.err(), Some(LoginFailure::Expired { registry: registry.clone() }));
    let polls = usize::try_from(LOGIN_BUDGET.as_secs() / CHALLENGE_POLL_MAX.as_secs()).unwrap();
    assert_eq!(world.asked().iter().filter(|what| *what == "poll").count(), polls);
    let world = World { offers_web: true, polls: Mutex::new(vec![Ok(LoginPoll::Gone)]), ..World::default() };
    assert_eq!(world.log_in(true).await.err(), Some(LoginFailure::Over { registry }));
}

#[tokio::test]
async fn where_there_is_no_web_login_name_and_password_are_asked_for() {
    let who = Some(("maintainer".to_owned(), "p".into()));
    let by_name = || Mutex::new(vec![Ok(challenged()), Ok(NameLogin::Done("t".into()))]);
    let codes = || Mutex::new(vec![Otp::parse("123456").unwrap()]);
    let world = World { who: who.clone(), by_name: by_name(), codes: codes(), ..World::default() };
    assert!(world.log_in(true).await.is_ok());
    let with_code = [
        "maintainer at 2026-11-29T12:00:00Z, code: false",
        "a code, please",
        "maintainer at 2026-11-29T12:00:00Z, code: true",
    ];
    assert_eq!(world.asked(), ["begin"].into_iter().chain(with_code).collect::<Vec<_>>());
    // Where the browser is not wanted, nobody asks for it.
    let world = World { who, by_name: by_name(), codes: codes(), offers_web: true, ..World::default() };
    assert!(world.log_in(false).await.is_ok());
    assert_eq!(world.asked(), with_code);
}

#[tokio::test]
async fn what_is_not_given_or_refused_again_and_again_ends_the_login() {
    let registry = RegistryUrl::parse(REGISTRY).unwrap();
    let skipped = |what| Some(LoginFailure::Skipped { registry: registry.clone(), what });
    assert_eq!(World::default().log_in(false).await.err(), skipped("a name with its password"));
    let who = || Some(("maintainer".to_owned(), "p".into()));
    let world = World { who: who(), by_name: Mutex::new(vec![Ok(challenged())]), ..World::default() };
    assert_eq!(world.log_in(false).await.err(), skipped("a one-time password"));
    let codes = Mutex::new(vec![Otp::parse("123456").unwrap(); 9]);
    let world = World { who: who(), by_name: Mutex::new(vec![Ok(challenged())]), codes, ..World::default() };
    assert_eq!(world.log_in(false).await.err(), Some(LoginFailure::CodesRefused { registry: registry.clone() }));
    assert_eq!(world.asked().iter().filter(|what| what.contains("code: true")).count(), 3);
}

#[tokio::test]
async fn ctrl_c_at_a_question_is_no_answer_that_was_left_out() {
    let world = World { stops: true, ..World::default() };
    let failure = world.log_in(false).await.err().unwrap();
    assert!(matches!(failure, LoginFailure::Interrupted { .. }), "{failure}");
}
