//! The places that are known: of Linux systems (hier(7), and the folders of Nix, Guix, snap and Homebrew), and of the tools that
//! builds of JavaScript packages use. Where each tool keeps what is in its own documentation.

use super::Reach;

/// Folders and files of the system. Not all of `/run`, where containers find their secrets, and not all of `/var`, where people
/// and services have their homes.
pub(super) const SYSTEM: [&str; 24] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/proc",
    "/sys",
    "/nix",
    "/gnu/store",
    "/snap",
    "/home/linuxbrew/.linuxbrew",
    "/var/cache",
    "/run/current-system",
    "/run/opengl-driver",
    "/run/wrappers",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/nscd",
    "/run/NetworkManager/resolv.conf",
    "/mnt/wsl/resolv.conf",
];

/// Devices that any program may use. The others, disks among them, would be a way around everything else for a script of root's.
pub(super) const DEVICES: [&str; 9] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/shm",
];

/// Temporary files beside those in `TMPDIR`.
pub(super) const SHARED_TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// Folders of tools below the home folder: their programs and libraries. Of `.cargo` not all, since `cargo login` writes there.
pub(super) const TOOLS: [&str; 38] = [
    ".nvm",
    ".volta",
    ".fnm",
    ".asdf",
    ".n",
    "n",
    ".nodenv",
    ".nodebrew",
    ".proto",
    ".bun",
    ".deno",
    ".yarn",
    ".corepack",
    ".pnpm",
    ".npm-global",
    ".npm-packages",
    ".node-gyp",
    ".electron-gyp",
    ".cargo/bin",
    ".cargo/config",
    ".cargo/config.toml",
    ".cargo/env",
    ".rustup",
    ".pyenv",
    ".rbenv",
    ".sdkman",
    ".goenv",
    "go",
    ".local/bin",
    ".local/lib",
    ".local/share/pnpm",
    ".local/share/mise",
    ".local/share/rtx",
    ".local/share/fnm",
    ".local/share/nvm",
    ".local/share/uv",
    ".linuxbrew",
    ".nix-profile",
];

/// What tools write there: what they downloaded, mostly.
pub(super) const CACHES: [&str; 12] = [
    ".cache",
    ".npm",
    ".corepack",
    ".yarn/berry",
    ".bun/install/cache",
    ".local/share/pnpm/store",
    ".local/state/pnpm",
    ".pnpm-store",
    ".cargo/registry",
    ".cargo/git",
    ".cargo/.package-cache",
    "go/pkg",
];

/// Those of them that tools make where they are missing, and stop where they can't.
pub(super) const MADE: [&str; 2] = [".cache", ".npm"];

/// git's settings of the person.
pub(super) const GIT_SETTINGS: [&str; 4] =
    [".gitconfig", ".config/git/config", ".config/git/ignore", ".config/git/attributes"];

/// Package managers' settings of the person. yarn 4 stops at its own where it can't be read (seen with 4.18), pnpm 12 warns.
pub(super) const MANAGER_SETTINGS: [&str; 5] =
    [".yarnrc.yml", ".yarnrc", ".bunfig.toml", ".config/pnpm/rc", ".config/pnpm/config.yaml"];

/// Whether a package manager's settings may hold a credential: a line that speaks of one and names no variable.
pub(super) fn may_have_credential(settings: &str) -> bool {
    const WORDS: [&str; 4] = ["auth", "token", "password", "secret"];
    settings.lines().any(|line| {
        let lower = line.to_lowercase();
        !line.contains('$') && WORDS.iter().any(|word| lower.contains(word))
    })
}

/// Variables that say where such a folder is, and what of it is meant.
pub(super) const VARIABLES: [(&str, &str, Reach); 31] = [
    ("NVM_DIR", "", Reach::Read),
    ("VOLTA_HOME", "", Reach::Read),
    ("FNM_DIR", "", Reach::Read),
    ("FNM_MULTISHELL_PATH", "", Reach::Read),
    ("ASDF_DIR", "", Reach::Read),
    ("ASDF_DATA_DIR", "", Reach::Read),
    ("MISE_DATA_DIR", "", Reach::Read),
    ("N_PREFIX", "", Reach::Read),
    ("NODENV_ROOT", "", Reach::Read),
    ("PROTO_HOME", "", Reach::Read),
    ("PYENV_ROOT", "", Reach::Read),
    ("RBENV_ROOT", "", Reach::Read),
    ("GOENV_ROOT", "", Reach::Read),
    ("GOROOT", "", Reach::Read),
    ("SDKMAN_DIR", "", Reach::Read),
    ("JAVA_HOME", "", Reach::Read),
    ("HOMEBREW_PREFIX", "", Reach::Read),
    ("BUN_INSTALL", "", Reach::Read),
    ("DENO_INSTALL", "", Reach::Read),
    ("DENO_DIR", "", Reach::Write),
    ("PNPM_HOME", "", Reach::Read),
    ("COREPACK_HOME", "", Reach::Write),
    ("YARN_CACHE_FOLDER", "", Reach::Write),
    ("npm_config_cache", "", Reach::Write),
    ("XDG_CACHE_HOME", "", Reach::Write),
    ("RUSTUP_HOME", "", Reach::Read),
    ("CARGO_HOME", "bin", Reach::Read),
    ("CARGO_HOME", "registry", Reach::Write),
    ("CARGO_HOME", "git", Reach::Write),
    ("CARGO_TARGET_DIR", "", Reach::Write),
    ("PLAYWRIGHT_BROWSERS_PATH", "", Reach::Read),
];

/// Whether git's settings hold a credential: a header, or an address with a user in it.
pub(super) fn has_secret(settings: &str) -> bool {
    let lower = settings.to_lowercase();
    let in_address = |rest: &str| {
        let authority = rest.split(['/', '"', '?', '#']).next().unwrap_or_default();
        authority.contains('@') && !authority.starts_with("git@")
    };
    lower.contains("extraheader") || lower.split("://").skip(1).any(in_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_in_a_managers_settings_is_seen() {
        for (settings, credential) in [
            ("npmRegistryServer: https://registry.example\nenableTelemetry: false\n", false),
            ("npmAuthToken: '${TOKEN:-}'\n", false),
            ("npmRegistries:\n  //registry.example:\n    npmAuthToken: literal\n", true),
            ("\"//registry.example/:_authToken\" literal\n", true),
            ("[install.scopes]\na = { token = \"$TOKEN\", url = \"https://registry.example\" }\n", false),
            ("[install.scopes]\na = { password = \"literal\" }\n", true),
        ] {
            assert_eq!(may_have_credential(settings), credential, "{settings}");
        }
    }

    #[test]
    fn a_secret_in_gits_settings_is_seen() {
        for (settings, secret) in [
            ("[user]\n\tname = A\n\temail = a@b.example\n", false),
            ("[url \"git@forge.example:\"]\n\tinsteadOf = https://forge.example/\n", false),
            ("[url \"ssh://git@forge.example/\"]\n\tinsteadOf = https://forge.example/\n", false),
            ("[url \"https://x-access-token:abc@forge.example/\"]\n\tinsteadOf = https://forge.example/\n", true),
            ("[url \"https://abc@forge.example/\"]\n", true),
            ("[http \"https://forge.example/\"]\n\textraHeader = AUTHORIZATION: basic abc\n", true),
        ] {
            assert_eq!(has_secret(settings), secret, "{settings}");
        }
    }
}
