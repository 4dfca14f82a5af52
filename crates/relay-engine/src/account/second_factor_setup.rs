//! Waits until an account has a second factor, which its owner turns on at the registry's web site: nothing else can.
#![expect(clippy::disallowed_methods, reason = "looking again waits, by the clock that tests move")]

use std::future::Future;
use std::time::Duration;

use relay_registry::{Credential, Profile, ReadError, RegistryClient};
use relay_values::RegistryUrl;
use tokio::time::Instant;

/// How long relay looks again and again whether the second factor is on. Finding and registering a security key takes minutes.
pub const SETUP_BUDGET: Duration = Duration::from_mins(15);
/// The time between two looks.
pub const SETUP_POLL: Duration = Duration::from_secs(3);

/// The registry's side.
pub trait ProfileCalls: Sync {
    /// Reads the account of a session. `None`: it is not shown.
    fn profile(
        &self,
        registry: &RegistryUrl,
        credential: &Credential,
    ) -> impl Future<Output = Result<Option<Profile>, ReadError>> + Send;
}

impl ProfileCalls for RegistryClient {
    async fn profile(&self, registry: &RegistryUrl, credential: &Credential) -> Result<Option<Profile>, ReadError> {
        Self::profile(self, registry, credential).await
    }
}

/// How the wait ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setup {
    /// The account has a second factor.
    On(Profile),
    /// It has none after [`SETUP_BUDGET`].
    StillOff,
    /// The session ended meanwhile, so that nothing can be read any more.
    SessionEnded,
}

/// Looks again and again until the account has a second factor. A look that fails is no end: the next one may not.
pub async fn wait_until_on(registry: &RegistryUrl, credential: &Credential, calls: &impl ProfileCalls) -> Setup {
    let end = Instant::now() + SETUP_BUDGET;
    while Instant::now() < end {
        tokio::time::sleep(SETUP_POLL).await;
        match calls.profile(registry, credential).await {
            Ok(Some(profile)) if profile.two_factor.is_on() => return Setup::On(profile),
            Ok(None) => return Setup::SessionEnded,
            Ok(Some(_)) | Err(_) => {}
        }
    }
    Setup::StillOff
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use relay_registry::TwoFactor;
    use relay_values::CredentialId;

    use super::*;

    /// Gives its answers one after the other, the last one for ever.
    struct Answers(Mutex<Vec<Result<Option<Profile>, ReadError>>>);

    impl ProfileCalls for Answers {
        async fn profile(&self, _: &RegistryUrl, _: &Credential) -> Result<Option<Profile>, ReadError> {
            let mut answers = self.0.lock().unwrap();
            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
        }
    }

    fn profile(two_factor: TwoFactor) -> Profile {
        Profile { name: "maintainer".to_owned(), two_factor }
    }

    async fn waited(answers: Vec<Result<Option<Profile>, ReadError>>) -> (Setup, Duration) {
        let registry = RegistryUrl::parse("https://registry.example").unwrap();
        let credential = Credential::new_bearer("t".into(), CredentialId::made(registry.clone(), "a test"));
        let began = Instant::now();
        let setup = wait_until_on(&registry, &credential, &Answers(Mutex::new(answers))).await;
        (setup, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn it_looks_until_the_second_factor_is_on_through_passing_trouble() {
        let trouble = ReadError::Transport { what: "it".to_owned(), cause: "cut".to_owned() };
        let on = profile(TwoFactor::LoginAndWrites);
        let off = Ok(Some(profile(TwoFactor::Off)));
        let answers = vec![off, Err(trouble), Ok(Some(profile(TwoFactor::Pending))), Ok(Some(on.clone()))];
        assert_eq!(waited(answers).await, (Setup::On(on), SETUP_POLL * 4));
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_its_time_or_with_the_session() {
        let (setup, took) = waited(vec![Ok(Some(profile(TwoFactor::Off)))]).await;
        assert_eq!(setup, Setup::StillOff);
        assert!(took >= SETUP_BUDGET && took < SETUP_BUDGET + SETUP_POLL * 2, "{took:?}");
        assert_eq!(waited(vec![Ok(None)]).await.0, Setup::SessionEnded);
    }
}
