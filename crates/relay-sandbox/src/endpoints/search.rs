//! A search that finds by part of a name or description: enough for `npm search`.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::exchange::Incoming;
use crate::packages::View;
use crate::state::State;

/// Results on a page unless the client says otherwise, and the most it can ask for.
const DEFAULT_SIZE: usize = 20;
const MAX_SIZE: usize = 250;

/// An account as search results name it. A packument's people have a `name`; these have a `username`, which npm and pnpm
/// read without asking whether it is there.
fn account(name: &str) -> Value {
    json!({ "username": name, "email": format!("{name}@relay.invalid") })
}

pub(super) fn search(state: &State, request: &Incoming) -> Answer {
    let text = request.parameter("text").unwrap_or_default().to_lowercase();
    let number = |name: &str| request.parameter(name).and_then(|value| value.parse::<usize>().ok());
    let size = number("size").unwrap_or(DEFAULT_SIZE).min(MAX_SIZE);
    let at = state.viewpoint();
    let found = state.packages.values().filter(|package| !package.restricted).filter_map(|package| {
        let latest = package.visible_tags(at).remove("latest")?;
        let stored = package.seen(View::Packument, at).find(|stored| stored.version.to_string() == latest)?;
        let field = |name: &str| stored.manifest.get(name).cloned().unwrap_or_default();
        let description = field("description").as_str().unwrap_or_default().to_lowercase();
        let hit = text.split_whitespace().all(|word| package.name.contains(word) || description.contains(word));
        hit.then(|| {
            json!({
                "package": {
                    "name": package.name,
                    "version": latest,
                    "description": field("description"),
                    "keywords": field("keywords"),
                    "date": stored.accepted.to_string(),
                    "links": {},
                    "publisher": account(&stored.publisher),
                    "maintainers": package.maintainers.iter().map(|name| account(name)).collect::<Vec<_>>(),
                },
                "score": { "final": 1.0, "detail": { "quality": 1.0, "popularity": 1.0, "maintenance": 1.0 } },
                "searchScore": 1.0,
            })
        })
    });
    let found: Vec<Value> = found.collect();
    let total = found.len();
    let page: Vec<Value> = found.into_iter().skip(number("from").unwrap_or_default()).take(size).collect();
    Answer::json(200, &json!({ "objects": page, "total": total, "time": state.clock.now().to_string() }))
}
