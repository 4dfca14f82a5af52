//! The terminal or the connection goes away in the middle of a release.

use std::process::{Command, Stdio};

use crate::unfinished::{PATIENCE, pearls, telling_registry};
use crate::world::Ran;

#[test]
fn a_hangup_parks_the_run_as_ctrl_c_does() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, "");
    registry.sandbox.hold("pearl");
    // Whoever started the tests may have had hang-ups ignored, as `nohup` does, and then relay goes on, as it should.
    let mut heard = Command::new("env");
    heard.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_relay"), "publish", "--yes"]).current_dir(world.repo());
    let child = world
        .prepare(&mut heard)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("relay starts");
    published.recv_timeout(PATIENCE).expect("pearl is sent");
    let killed = world.run(Command::new("kill").args(["-HUP", &child.id().to_string()]));
    assert_eq!(killed.code, 0, "{}", killed.stderr);
    let ran = Ran::from(child.wait_with_output().expect("an end")).ended_with(130);
    assert!(ran.stderr.contains("pearl"), "{}", ran.stderr);
    registry.sandbox.release("pearl");
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
}
