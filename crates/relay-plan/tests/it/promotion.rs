//! Dist-tags that move when all is out.

use relay_plan::{PublishedState, ReleasePlan, Way, diff, drift, render_text};

use crate::world::{World, acme, name, tag};

fn promoted(world: World) -> ReleasePlan {
    World { promote_last: true, ..world }.plan()
}

#[test]
fn each_tag_that_moves_is_planned_with_where_it_comes_from() {
    let plan = promoted(acme());
    let promotion = plan.promotion.as_ref().expect("a promotion");
    let moved: Vec<String> = promotion
        .moved
        .iter()
        .map(|one| format!("{} {} {:?} {}", one.name, one.tag, one.from.as_ref().map(ToString::to_string), one.to))
        .collect();
    let from = r#"latest Some("1.2.3")"#;
    let expected = [
        format!("@acme/log {from} 1.3.0"),
        format!("@acme/internal {from} 1.3.0"),
        format!("@acme/core {from} 1.3.0"),
        format!("@acme/cli {from} 2.0.0"),
        format!("@acme/ui {from} 1.2.4"),
    ];
    assert_eq!(moved, expected, "in publish order");
    assert_eq!(promotion.latest_at_once, [name("@acme/new")]);
    let digits = plan.id.strip_prefix("sha256-").expect("a digest");
    assert_eq!(promotion.side_tag.as_str(), format!("relay-{}", &digits[..12]));
}

#[test]
fn a_new_name_has_latest_at_once_and_any_other_tag_at_the_end() {
    let plan = promoted(World::new().release_with("a", |a| {
        a.published = PublishedState::Absent;
        a.tag = Some(tag("next"));
    }));
    let promotion = plan.promotion.expect("a promotion");
    assert_eq!(promotion.latest_at_once, [name("a")]);
    assert_eq!(promotion.moved.iter().map(|one| one.tag.as_str()).collect::<Vec<_>>(), ["next"]);
}

#[test]
fn a_promotion_under_way_keeps_its_side_tag() {
    let world = World { side_tag: Some(tag("relay-0123")), ..acme() };
    assert_eq!(promoted(world).promotion.expect("a promotion").side_tag, tag("relay-0123"));
}

#[test]
fn people_are_told_of_a_further_sitting() {
    let plan = promoted(acme());
    assert_eq!((plan.humans.sittings, plan.humans.challenges, plan.humans.packages.len()), (2, 6, 2));
    let waiting = plan.waiting.as_ref().expect("costs");
    let planned = waiting.cost(Way::PromoteLast).expect("a cost");
    assert!(planned.planned);
    assert_eq!((planned.seconds, planned.challenges), (300, 6), "as many as are planned");
    assert_eq!(waiting.cost(Way::Visible).map(|cost| cost.challenges), Some(2));
}

#[test]
fn a_plan_that_promotes_last_is_another_plan() {
    let (plain, promoted) = (acme().plan(), promoted(acme()));
    assert_ne!(plain.id, promoted.id);
    let said: Vec<String> = drift(&plain, &promoted).iter().map(ToString::to_string).collect();
    let sentence = "dist-tags would move when all is out (`--promote-last`); in the plan they move with the uploads";
    assert_eq!(said, [sentence]);
    assert_eq!(drift(&promoted, &promoted.clone()), []);
    assert!(!diff(&plain, &promoted).is_empty());
    let read = ReleasePlan::from_json(&promoted.to_json()).expect("a plan");
    assert_eq!(read, promoted);
    assert_eq!(read.content_id(), read.id);
}

#[test]
fn a_plan_tells_what_moves_when() {
    let text = render_text(&promoted(acme()), relay_plan::TextStyle::default());
    let begin = text.find("A person is needed").expect("people");
    insta::assert_snapshot!(text[begin..].split("\ntoken, 2 packages").next().unwrap_or_default());
}
