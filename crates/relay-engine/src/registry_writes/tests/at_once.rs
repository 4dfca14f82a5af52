//! Writes of which none waits for another.

use super::*;

async fn run_at_once(writes: &[PlannedWrite], at_once: usize, registry: &Simulated, stops: mpsc::Receiver<()>) -> Ran {
    ran(registry, SecondFactorSession::new(true, None, Instant::now()), stops, Some(at_once), writes).await
}

#[tokio::test(start_paused = true)]
async fn what_needs_nobody_goes_at_once_as_many_as_allowed() {
    for (at_once, rounds) in [(1, 6), (4, 2), (6, 1)] {
        let registry = Simulated::default();
        let begun = Instant::now();
        let writes = unasked(&["a", "b", "c", "d", "e", "f"]);
        let ran = run_at_once(&writes, at_once, &registry, mpsc::channel(1).1).await;
        assert_eq!(ran.outcomes, vec![WriteOutcome::Done; 6]);
        assert_eq!(registry.at_most.into_inner().unwrap(), at_once);
        assert_eq!(begun.elapsed(), Duration::from_millis(100) * rounds, "each is read and sent");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_person_answers_for_goes_one_after_the_other_with_one_answer() {
    let registry = Simulated { factor: Factor::Several, ..Simulated::default() };
    // Of the second one it is not known before.
    let mut writes = row(&["a", "b", "c"]);
    writes[1].needs_person = false;
    let ran = run_at_once(&writes, 8, &registry, mpsc::channel(1).1).await;
    assert_eq!((ran.outcomes, ran.asked), (vec![WriteOutcome::Done; 3], 1));
    assert_eq!(registry.at_most.into_inner().unwrap(), 1);
    let taken = registry.taken.into_inner().unwrap();
    assert_eq!(taken, writes.iter().map(PlannedWrite::key).collect::<Vec<_>>(), "in their order");
}

#[tokio::test(start_paused = true)]
async fn a_request_to_stop_is_heard_by_all_that_is_under_way() {
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(75)).await;
        sender.send(()).await.expect("a listener");
        tokio::time::sleep(Duration::from_secs(1)).await;
        sender.send(()).await.expect("a listener");
    });
    let registry = Simulated::with([Trouble::Hangs, Trouble::Hangs]);
    let ran = run_at_once(&unasked(&["a", "b", "c", "d"]), 3, &registry, receiver).await;
    let interrupted = |in_flight| WriteOutcome::Parked(Parked::Interrupted { in_flight, accepted: false });
    assert_eq!(ran.outcomes, [interrupted(true), interrupted(true), WriteOutcome::Done, interrupted(false)]);
    assert_eq!(registry.count(), 3, "nothing more is sent");
}

#[tokio::test(start_paused = true)]
async fn who_asked_for_a_pause_gets_one_write_at_a_time_afterwards() {
    let pause = || Trouble::Limited(Some(Duration::from_secs(30)));
    let registry = Simulated::with([pause(), pause(), pause()]);
    let ran = run_at_once(&unasked(&["a", "b", "c", "d", "e"]), 3, &registry, mpsc::channel(1).1).await;
    assert_eq!(ran.outcomes, vec![WriteOutcome::Done; 5]);
    assert_eq!(registry.count(), 8, "three were put off once");
    assert_eq!(registry.at_most_lately.into_inner().unwrap(), 1);
}
