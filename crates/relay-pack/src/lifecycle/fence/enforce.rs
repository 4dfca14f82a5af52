//! The fence itself: what the kernel has, and the process that fences itself in and becomes the script.

use std::ffi::OsStr;
use std::io;

/// What the kernel can keep shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support {
    /// Files and folders.
    pub files: bool,
    /// TCP.
    pub network: bool,
}

/// Why a script was not begun.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// What is open could not be read from standard input.
    #[error("what it may reach was not handed over: {0}; this command is relay's own, to run scripts with")]
    NotHandedOver(io::Error),
    /// The kernel refuses.
    #[error(
        "the kernel refuses to keep it to what it may reach: {0}; `fence = false` under `[scripts]` in relay.toml does without"
    )]
    Refused(String),
    /// There is no shell, or it can't be started.
    #[error("no shell can be started: {0}")]
    NoShell(io::Error),
}

#[cfg(target_os = "linux")]
pub use linux::{enter, support};

#[cfg(target_os = "linux")]
mod linux {
    use std::io::Read as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetError, RulesetStatus,
    };

    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

    use super::{EnterError, OsStr, Support, io};
    use crate::lifecycle::fence::{Open, Reach};

    /// The most that is handed over, in bytes.
    const HANDED_OVER_BYTES_MAX: u64 = 16 * 1024 * 1024;

    /// The least that is of use. With the first version nothing may be moved from folder to folder, which many builds do.
    const FILES_LEAST: ABI = ABI::V2;

    /// The most that is asked for: cutting files short, and commands to devices, come with versions 3 and 5.
    const FILES_MOST: ABI = ABI::V5;

    /// Asks the kernel, which changes nothing.
    pub fn support() -> Support {
        let files = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let files = files.handle_access(AccessFs::from_all(FILES_LEAST)).and_then(Ruleset::create);
        let network = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let network = network.handle_access(AccessNet::BindTcp | AccessNet::ConnectTcp).and_then(Ruleset::create);
        Support { files: files.is_ok(), network: network.is_ok() }
    }

    /// Fences this process in, as standard input says, and replaces it by the shell with a command line. Comes back only with
    /// the reason why it could not.
    pub fn enter(command: &OsStr) -> EnterError {
        let mut text = Vec::new();
        let read = io::stdin().lock().take(HANDED_OVER_BYTES_MAX).read_to_end(&mut text);
        let open: Open = match read.and_then(|_| serde_json::from_slice(&text).map_err(io::Error::other)) {
            Ok(open) => open,
            Err(error) => return EnterError::NotHandedOver(error),
        };
        match restrict(&open) {
            Ok(RulesetStatus::NotEnforced) => return EnterError::Refused("it has no Landlock".to_owned()),
            Ok(_) => {}
            Err(error) => return EnterError::Refused(error.to_string()),
        }
        if let Err(error) = drop_ways_around() {
            return EnterError::Refused(error.to_string());
        }
        EnterError::NoShell(Command::new("sh").arg("-c").arg(command).stdin(Stdio::null()).exec())
    }

    /// Rights of root that lead around the fence: to the memory of other processes and of the kernel, to disks, to files by
    /// their number (capabilities(7)). Seen on Linux 6.18: with them root reads the environment of other processes in spite of
    /// Landlock. That has set `no_new_privs`, so that no program that the script starts gets them back.
    const WAYS_AROUND: CapabilitySet = CapabilitySet::SYS_PTRACE
        .union(CapabilitySet::SYS_ADMIN)
        .union(CapabilitySet::SYS_MODULE)
        .union(CapabilitySet::SYS_RAWIO)
        .union(CapabilitySet::MKNOD)
        .union(CapabilitySet::DAC_READ_SEARCH)
        .union(CapabilitySet::PERFMON)
        .union(CapabilitySet::BPF)
        .union(CapabilitySet::CHECKPOINT_RESTORE);

    fn drop_ways_around() -> io::Result<()> {
        let sets = capabilities(None)?;
        if !(sets.permitted | sets.effective | sets.inheritable).intersects(WAYS_AROUND) {
            return Ok(());
        }
        let sets = CapabilitySets {
            effective: sets.effective - WAYS_AROUND,
            permitted: sets.permitted - WAYS_AROUND,
            inheritable: sets.inheritable - WAYS_AROUND,
        };
        Ok(set_capabilities(None, sets)?)
    }

    fn restrict(open: &Open) -> Result<RulesetStatus, RulesetError> {
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(FILES_LEAST))?
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(FILES_MOST))?;
        if !open.network {
            rules = rules
                .set_compatibility(CompatLevel::HardRequirement)
                .handle_access(AccessNet::BindTcp | AccessNet::ConnectTcp)?
                .set_compatibility(CompatLevel::BestEffort);
        }
        let mut rules = rules.create()?;
        for place in &open.places {
            // What went away since needs no opening.
            let Ok(opened) = PathFd::new(&place.path) else { continue };
            let wanted: BitFlags<AccessFs> = match place.reach {
                Reach::Read => AccessFs::from_read(FILES_MOST),
                Reach::Write => AccessFs::from_all(FILES_MOST),
            };
            let wanted = if place.path.is_dir() { wanted } else { wanted & AccessFs::from_file(FILES_MOST) };
            rules = rules.add_rule(PathBeneath::new(opened, wanted))?;
        }
        Ok(rules.restrict_self()?.ruleset)
    }
}

/// Without Linux there is none.
#[cfg(not(target_os = "linux"))]
pub fn support() -> Support {
    Support { files: false, network: false }
}

/// Without Linux there is none.
#[cfg(not(target_os = "linux"))]
pub fn enter(_command: &OsStr) -> EnterError {
    EnterError::Refused("only Linux has Landlock".to_owned())
}
