//! The packages of a plan: a table with aligned columns where the width allows it, else some lines for each package.
//!
//! Only a cause is ever cut, and only to keep to the width of a terminal; the plan file and every log have it whole. A name
//! or version too long for its column has a line to itself.

use relay_change::Bump;
use relay_config::RouteKind;
use relay_values::{cut_to_width, width_of};

use super::printable::{one_line, wrapped};
use crate::release_plan::{PlannedPackage, Reason, ReleasePlan};

/// What stands between two columns.
const GAP: &str = "  ";

/// The share of the line that names may take, in per cent.
const NAME_SHARE_PERCENT: usize = 40;

/// How much of a dist-tag is shown, in columns.
const TAG_COLUMNS_MAX: usize = 30;

/// The share of the line that versions may take, in per cent.
const VERSION_SHARE_PERCENT: usize = 30;

/// Where a cause has less room than this, there is no table.
const CAUSE_COLUMNS_MIN: usize = 20;

/// How wide the column of causes gets where they are not cut; a longer one moves the rest of its own line.
const CAUSE_COLUMNS_ALIGNED_MAX: usize = 80;

/// One line, its route apart so that it can be coloured.
pub(super) struct Row {
    /// The text before the route.
    pub(super) text: String,
    /// The route in words; empty on a line that has none.
    pub(super) route: String,
    /// The route; `None` on the head of the table and on a line that has none.
    pub(super) kind: Option<RouteKind>,
}

/// Why a package is released.
pub(super) struct Cause {
    /// The bump and the first cause.
    text: String,
    /// How many more causes there are; may be empty.
    more: String,
}

struct Cells {
    name: String,
    version: String,
    cause: Cause,
    wave: String,
    route: String,
    kind: Option<RouteKind>,
}

/// The packages, line by line.
pub(super) fn rows(plan: &ReleasePlan, width: usize, cuts: bool) -> Vec<Row> {
    let head = Cells {
        name: "package".to_owned(),
        version: "version".to_owned(),
        cause: Cause { text: "why".to_owned(), more: String::new() },
        wave: "wave".to_owned(),
        route: "route".to_owned(),
        kind: None,
    };
    let packages: Vec<Cells> = plan.packages.iter().map(|package| cells(package, plan.humans.sittings)).collect();
    let widest = |of: &dyn Fn(&Cells) -> usize| packages.iter().chain([&head]).map(of).max().unwrap_or(0);
    if !cuts {
        // Lines are as long as they need to be; one very long cause does not move the route of all others away.
        let layout = Layout {
            width: usize::MAX / 2,
            name: widest(&|cells| width_of(&cells.name)),
            version: widest(&|cells| width_of(&cells.version)),
            cause: widest(&|cells| cells.cause.columns()).min(CAUSE_COLUMNS_ALIGNED_MAX),
            wave: widest(&|cells| width_of(&cells.wave)),
            cuts,
        };
        return [&head].into_iter().chain(&packages).flat_map(|cells| layout.rows(cells)).collect();
    }
    let name = widest(&|cells| width_of(&cells.name)).min(width * NAME_SHARE_PERCENT / 100);
    let version = widest(&|cells| width_of(&cells.version)).min(width * VERSION_SHARE_PERCENT / 100);
    let wave = widest(&|cells| width_of(&cells.wave));
    let route = widest(&|cells| width_of(&cells.route));
    let cause = widest(&|cells| cells.cause.columns());
    let room = width.saturating_sub(name + version + wave + route + 4 * GAP.len());
    if room < cause.min(CAUSE_COLUMNS_MIN) {
        return packages.iter().flat_map(|cells| stacked(cells, width)).collect();
    }
    let layout = Layout { width, name, version, cause: cause.min(room), wave, cuts };
    [&head].into_iter().chain(&packages).flat_map(|cells| layout.rows(cells)).collect()
}

/// The widths of the columns.
struct Layout {
    width: usize,
    name: usize,
    version: usize,
    cause: usize,
    wave: usize,
    cuts: bool,
}

impl Layout {
    fn rows(&self, cells: &Cells) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut name = cells.name.as_str();
        let mut version = cells.version.as_str();
        if width_of(version) > self.version {
            rows.extend(wrapped(name, self.width).into_iter().map(alone));
            rows.extend(indented(version, self.width));
            (name, version) = ("", "");
        } else if width_of(name) > self.name {
            rows.extend(wrapped(name, self.width).into_iter().map(alone));
            name = "";
        }
        let text = format!(
            "{}{GAP}{}{GAP}{}{GAP}{}{}{GAP}",
            padded(name, self.name),
            padded(version, self.version),
            padded(&cells.cause.within(if self.cuts { self.cause } else { self.width }), self.cause),
            " ".repeat(self.wave.saturating_sub(width_of(&cells.wave))),
            cells.wave,
        );
        rows.push(Row { text, route: cells.route.clone(), kind: cells.kind });
        rows
    }
}

/// A package where there is no room for a table.
fn stacked(cells: &Cells, width: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = wrapped(&cells.name, width).into_iter().map(alone).collect();
    rows.extend(indented(&cells.version, width));
    rows.push(Row { text: format!("{GAP}wave {}, ", cells.wave), route: cells.route.clone(), kind: cells.kind });
    rows.extend(indented(&cells.cause.within(2 * width), width));
    rows
}

fn alone(text: String) -> Row {
    Row { text, route: String::new(), kind: None }
}

fn indented(text: &str, width: usize) -> impl Iterator<Item = Row> {
    wrapped(text, width.saturating_sub(GAP.len())).into_iter().map(|line| alone(format!("{GAP}{line}")))
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(width_of(text))))
}

fn cells(package: &PlannedPackage, sittings: usize) -> Cells {
    let kind = package.route.kind;
    let route = match package.sitting {
        // With one sitting there is nothing to tell apart.
        Some(sitting) if sittings > 1 => format!("{kind} (sitting {sitting})"),
        _ => kind.to_string(),
    };
    Cells {
        name: package.name.to_string(),
        version: version_text(package),
        cause: Cause::of(package.bump, &package.reasons),
        wave: package.wave.to_string(),
        route,
        kind: Some(kind),
    }
}

/// `1.2.3 → 1.3.0`, or the version alone where it does not move; with its dist-tag where that is not `latest`.
pub(super) fn version_text(package: &PlannedPackage) -> String {
    let tag = if package.tag.is_latest() {
        String::new()
    } else {
        format!(" ({})", cut_to_width(package.tag.as_str(), TAG_COLUMNS_MAX))
    };
    if package.current == package.next {
        format!("{}{tag}", package.next)
    } else {
        format!("{} → {}{tag}", package.current, package.next)
    }
}

impl Cause {
    pub(super) fn of(bump: Bump, reasons: &[Reason]) -> Self {
        let first = reasons.first().map(|reason| one_line(&reason.text)).unwrap_or_default();
        let text = match (bump, first.is_empty()) {
            (Bump::None, _) => first,
            (bump, true) => bump.to_string(),
            (bump, false) => format!("{bump}: {first}"),
        };
        let more = match reasons.len() {
            0 | 1 => String::new(),
            number => format!(" (and {} more)", number - 1),
        };
        Self { text, more }
    }

    /// The cause in a width; that there are more of them stays.
    pub(super) fn within(&self, width: usize) -> String {
        format!("{}{}", cut_to_width(&self.text, width.saturating_sub(width_of(&self.more))), self.more)
    }

    fn columns(&self) -> usize {
        width_of(&self.text) + width_of(&self.more)
    }
}
