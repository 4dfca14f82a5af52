//! The pages a person sees. Each is one file without scripts, pictures or anything from outside; all text is escaped.

use std::fmt::Write as _;

use crate::challenges::{Challenge, Login, Outcome};
use crate::records::PendingChallenge;
use crate::stages::StagedUpload;

/// What the page of a challenge asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A press of the button, which stands for that of a security key.
    Key,
    /// The code of an authenticator app.
    Code,
    /// The same once more: the first was wrong.
    WrongCode,
    /// The same, but none is accepted for a while.
    Locked,
}

/// The page of a challenge that waits.
pub(crate) fn challenge(challenge: &PendingChallenge, offer_window: bool, proof: Proof) -> String {
    let subject = subject(challenge);
    let window = if offer_window {
        "<label class=\"skip\"><input type=\"checkbox\" name=\"skip\" value=\"on\"> Skip two-factor authentication for \
         the next 5 minutes</label>"
    } else {
        ""
    };
    // An action reads on into what it is about: `publish` …, `set a tag of` …
    let question = match challenge.packages.as_slice() {
        [] => format!("{}?", capitalised(&challenge.action)),
        [_] => format!("{} this package?", capitalised(&challenge.action)),
        _ => format!("{} these packages?", capitalised(&challenge.action)),
    };
    let question = escape(&question);
    let wrong = match proof {
        Proof::WrongCode => {
            "<p class=\"wrong\" role=\"alert\">This code was not accepted. Type the one that the app shows.</p>"
        }
        Proof::Locked => {
            "<p class=\"wrong\" role=\"alert\">Too many wrong codes: none is accepted for some minutes. Wait, then type one \
             fresh code.</p>"
        }
        Proof::Key | Proof::Code => "",
    };
    let field = match proof {
        Proof::Key => "",
        _ => {
            "<label class=\"field\">Code of your authenticator app<input name=\"otp\" inputmode=\"numeric\" \
             autocomplete=\"one-time-code\" pattern=\"[0-9 ]*\" maxlength=\"11\" autofocus></label>"
        }
    };
    let body = format!(
        "<h1>{question}</h1>{subject}\
         <dl><dt>Account</dt><dd>{account}</dd><dt>Client</dt><dd>{client}</dd>\
         <dt>Asked at</dt><dd>{opened}</dd></dl>\
         <form method=\"post\">{wrong}{field}{window}<div class=\"buttons\">\
         <button class=\"primary\" name=\"decision\" value=\"approve\">Approve</button>\
         <button name=\"decision\" value=\"deny\">Deny</button></div></form>",
        account = escape(&challenge.account),
        client = escape(&challenge.client),
        opened = escape(&readable_time(&challenge.opened.to_string())),
    );
    page("Two-factor authentication", &body)
}

/// The page after the answer.
pub(crate) fn challenge_answered(challenge: &Challenge, window: bool) -> String {
    let subject = subject(&challenge.shown);
    match &challenge.outcome {
        Outcome::Approved(code) if challenge.typed => {
            let code = format!("{subject}<p class=\"code\">{}</p>", escape(code));
            message_with("Approved", "Type this one-time password where it is asked for:", &code)
        }
        Outcome::Approved(_) if window => message_with(
            "Approved",
            "For the next 5 minutes no further challenge is asked. You can close this page.",
            &subject,
        ),
        Outcome::Approved(_) => {
            message_with("Approved", "The terminal goes on by itself. You can close this page.", &subject)
        }
        Outcome::Denied => message_with("Denied", "Nothing was changed. You can close this page.", &subject),
        Outcome::Pending => message("Still open", "This challenge waits for its answer."),
    }
}

/// The page of a login that waits.
pub(crate) fn login(login: &Login, accounts: &[String]) -> String {
    let mut choices = String::new();
    for (index, name) in accounts.iter().enumerate() {
        let checked = if index == 0 { " checked" } else { "" };
        let name = escape(name);
        // Writing to a String cannot fail.
        let _ = write!(
            choices,
            "<label class=\"choice\"><input type=\"radio\" name=\"account\" value=\"{name}\"{checked}> {name}</label>"
        );
    }
    if accounts.is_empty() {
        return message("No account", "This sandbox has no accounts to log in with.");
    }
    let client = escape(&login.client);
    let body = format!(
        "<h1>Log in as</h1><form method=\"post\">{choices}<div class=\"buttons\">\
         <button class=\"primary\" name=\"decision\" value=\"approve\">Log in</button>\
         <button name=\"decision\" value=\"deny\">Cancel</button></div></form>\
         <dl><dt>Client</dt><dd>{client}</dd></dl>"
    );
    page("Log in", &body)
}

/// The page after a login.
pub(crate) fn login_answered(login: &Login) -> String {
    match &login.outcome {
        Outcome::Approved(_) => message("Logged in", "The terminal goes on by itself. You can close this page."),
        Outcome::Denied => message("Cancelled", "Nobody was logged in. You can close this page."),
        Outcome::Pending => message("Still open", "This login waits for its answer."),
    }
}

/// An account's settings of its second factor.
pub(crate) fn second_factor(account: &str, state: &str, is_on: bool) -> String {
    let account = escape(account);
    let (button, value) = if is_on { ("Turn it off", "off") } else { ("Add a security key", "key") };
    let class = if is_on { "" } else { " class=\"primary\"" };
    let body = format!(
        "<h1>Two-factor authentication</h1><dl><dt>Account</dt><dd>{account}</dd><dt>It is</dt><dd>{}</dd></dl>\
         <form method=\"post\"><div class=\"buttons\"><button{class} name=\"set\" value=\"{value}\">{button}</button></div></form>",
        escape(state),
    );
    page("Two-factor authentication", &body)
}

/// The staged versions an account may say yes or no to.
pub(crate) fn staged(account: &str, stages: &[StagedUpload], codes: bool, wrong: Option<&str>) -> String {
    let mut body = match stages.len() {
        0 => String::from("<h1>No staged versions</h1><p>What is staged waits here for your yes.</p>"),
        1 => String::from("<h1>One staged version</h1>"),
        many => format!("<h1>{many} staged versions</h1>"),
    };
    if let Some(wrong) = wrong {
        // Writing to a String cannot fail.
        let _ = write!(body, "<p class=\"wrong\" role=\"alert\">{}</p>", escape(wrong));
    }
    let field = if codes {
        "<label class=\"field\">Code of your authenticator app<input name=\"otp\" inputmode=\"numeric\" \
         autocomplete=\"one-time-code\" pattern=\"[0-9 ]*\" maxlength=\"11\"></label>"
    } else {
        ""
    };
    for stage in stages {
        let digest: String = stage.integrity.chars().take(31).collect();
        let _ = write!(
            body,
            "<p class=\"subject\"><b>{name}</b> <span>{version}</span></p>\
             <dl><dt>Dist-tag</dt><dd>{tag}</dd><dt>Staged by</dt><dd>{by}, with a {with}</dd>\
             <dt>Staged at</dt><dd>{at}</dd><dt>Digest</dt><dd>{digest}…</dd></dl>\
             <form method=\"post\"><input type=\"hidden\" name=\"stage\" value=\"{id}\">{field}<div class=\"buttons\">\
             <button class=\"primary\" name=\"decision\" value=\"approve\">Approve</button>\
             <button name=\"decision\" value=\"reject\">Reject</button></div></form>",
            name = escape(&stage.package),
            version = escape(&stage.version),
            tag = escape(&stage.tag),
            by = escape(&stage.account),
            with = escape(&stage.credential.to_string()),
            at = escape(&readable_time(&stage.at.to_string())),
            digest = escape(&digest),
            id = escape(&stage.id),
        );
    }
    let _ = write!(body, "<dl><dt>Account</dt><dd>{}</dd></dl>", escape(account));
    page("Staged versions", &body)
}

/// The page of something that is not there or has expired.
pub(crate) fn gone() -> String {
    message("Not here any more", "This address has expired or was never given out. Start again at the terminal.")
}

/// The sandbox's front page: what waits, and what is there.
pub(crate) fn home(
    base: &str,
    challenges: &[PendingChallenge],
    logins: &[String],
    packages: &[(&str, usize)],
) -> String {
    let base = escape(base);
    let waiting = challenges.len() + logins.len();
    let mut body = match waiting {
        0 => String::from("<h1>Nothing waits for you</h1>"),
        1 => String::from("<h1>One thing waits for you</h1>"),
        many => format!("<h1>{many} things wait for you</h1>"),
    };
    for challenge in challenges {
        let (id, account) = (escape(&challenge.id), escape(&challenge.account));
        let what = escape(&format!("{} {}", capitalised(&challenge.action), challenge.packages.join(", ")));
        let _ = write!(
            body,
            "<p class=\"subject\"><a href=\"{base}auth/cli/{id}\">{what}</a> <span>as {account}</span></p>"
        );
    }
    for id in logins {
        let _ = write!(body, "<p class=\"subject\"><a href=\"{base}login/cli/{}\">Log in</a></p>", escape(id));
    }
    if packages.is_empty() {
        body.push_str("<p>No package is published yet.</p>");
    }
    body.push_str("<dl>");
    for (name, versions) in packages {
        let noun = if *versions == 1 { "version" } else { "versions" };
        let _ = write!(body, "<dt>{}</dt><dd>{versions} {noun}</dd>", escape(name));
    }
    body.push_str("</dl>");
    page("Registry", &body)
}

/// A page that only says something.
pub(crate) fn message(title: &str, text: &str) -> String {
    message_with(title, text, "")
}

fn message_with(title: &str, text: &str, more: &str) -> String {
    page(title, &format!("<h1>{}</h1><p>{}</p>{more}", escape(title), escape(text)))
}

fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} · relay sandbox</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<p class=\"mark\">relay sandbox</p>\n{body}\n\
         <p class=\"note\">This is relay's sandbox, a registry on this machine. Nothing you do here leaves it, and no \
         package is published anywhere else.</p>\n</main>\n</body>\n</html>\n"
    )
}

/// Text as HTML, inside elements and quoted attributes. Control characters become the replacement character.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            control if control.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            plain => escaped.push(plain),
        }
    }
    escaped
}

/// What a challenge is about, as a list.
fn subject(challenge: &PendingChallenge) -> String {
    challenge.packages.iter().fold(String::new(), |list, package| {
        let (name, version) = split_version(package);
        format!("{list}<p class=\"subject\"><b>{}</b> <span>{}</span></p>", escape(name), escape(version))
    })
}

/// `2026-01-31T12:00:00.000Z` without what a person does not need.
fn readable_time(iso: &str) -> String {
    let (date, time) = iso.split_once('T').unwrap_or((iso, ""));
    let time = time.split('.').next().unwrap_or_default();
    format!("{date} {time} UTC")
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// Splits `name@version`; the name may begin with an `@` of its own.
fn split_version(package: &str) -> (&str, &str) {
    match package.rfind('@') {
        Some(index) if index > 0 => (package.get(..index).unwrap_or(package), package.get(index + 1..).unwrap_or("")),
        _ => (package, ""),
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2024;--soft:#60646c;--line:#d9d9e0;--ground:#f4f4f6;--card:#fff;--accent:#0b6e4f;--wrong:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ink:#edeef0;--soft:#b0b4ba;--line:#3a3d42;--ground:#111113;--card:#1b1c1f;--accent:#3fb98a;--wrong:#f2b8b5}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);\
font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\
main{width:100%;max-width:32rem;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.75rem 2rem}\
.mark{margin:0 0 1rem;color:var(--accent);font-weight:600;font-size:.85rem;letter-spacing:.02em}\
h1{margin:0 0 1rem;font-size:1.35rem;line-height:1.3}\
.subject{margin:0 0 .5rem;padding:.65rem .9rem;border:1px solid var(--line);border-radius:8px;font-size:1.05rem;overflow-wrap:anywhere}\
.subject span{color:var(--soft)}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1rem;margin:1.1rem 0;font-size:.92rem}\
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\
.skip,.choice{display:flex;gap:.5rem;font-size:.95rem;align-items:baseline;margin:0 0 .8rem}.skip input,.choice input{accent-color:var(--accent)}\
.field{display:grid;gap:.3rem;margin:0 0 1rem;font-size:.95rem}.wrong{margin:0 0 1rem;color:var(--wrong)}\
.field input{padding:.55rem .7rem;font:600 1.2rem ui-monospace,'DejaVu Sans Mono',monospace;letter-spacing:.1em;\
border:1px solid var(--line);border-radius:8px;background:transparent;color:var(--ink)}\
.buttons{display:flex;gap:.75rem;margin-top:1.1rem}\
button{flex:1;padding:.65rem 1rem;font:inherit;font-weight:600;color:var(--ink);background:transparent;border:1px solid var(--line);border-radius:8px;cursor:pointer}\
button.primary{background:var(--accent);border-color:var(--accent);color:#fff}\
@media(prefers-color-scheme:dark){button.primary{color:#0c1712}}\
button:focus-visible,input:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}\
a{color:var(--accent)}\
.code{font:600 1.6rem/1.2 ui-monospace,'DejaVu Sans Mono',monospace;letter-spacing:.06em}\
.note{margin:1.5rem 0 0;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;

    fn pending() -> PendingChallenge {
        PendingChallenge {
            id: "1".into(),
            account: "maintainer <b>".into(),
            auth_url: String::new(),
            action: "publish".into(),
            packages: vec!["@a/\"x\"@1.0.0".into()],
            client: "npm/11 \u{1b}[31m' onload='x".into(),
            opened: Moment::from_unix_millis(0),
            expires: Moment::from_unix_millis(1),
        }
    }

    #[test]
    fn text_from_outside_stays_text() {
        let page = challenge(&pending(), true, Proof::Key);
        assert!(page.contains("maintainer &lt;b&gt;"), "{page}");
        assert!(page.contains("@a/&quot;x&quot;"), "{page}");
        assert!(page.contains("&#39; onload=&#39;x"), "{page}");
        assert!(!page.contains('\u{1b}'));
    }

    #[test]
    fn the_page_says_what_it_is_and_needs_no_script() {
        let page = challenge(&pending(), false, Proof::Key);
        assert!(page.contains("relay's sandbox") && page.contains("leaves it"));
        assert!(!page.contains("<script") && !page.contains("src="));
        assert!(!page.contains("name=\"skip\"") && !page.contains("name=\"otp\""));
    }

    #[test]
    fn an_authenticator_app_is_asked_for_its_code() {
        let page = challenge(&pending(), false, Proof::Code);
        assert!(page.contains("name=\"otp\"") && !page.contains("not accepted"), "{page}");
        assert!(challenge(&pending(), false, Proof::WrongCode).contains("This code was not accepted"));
        assert!(challenge(&pending(), false, Proof::Locked).contains("Too many wrong codes"));
    }

    #[test]
    fn names_and_versions_are_told_apart() {
        assert_eq!(split_version("@a/x@1.0.0"), ("@a/x", "1.0.0"));
        assert_eq!(split_version("@a/x"), ("@a/x", ""));
        assert_eq!(split_version("x@1"), ("x", "1"));
    }
}
