//! What the plan's fingerprint covers beside the head commit.

use std::collections::BTreeMap;

use crate::project::Project;

/// Digests of what it covers: manifests, change files, settings.
pub(super) fn inputs(project: &Project) -> BTreeMap<String, String> {
    let mut inputs = BTreeMap::new();
    for package in &project.workspace.packages {
        inputs.insert(format!("manifest of {}", package.name), relay_plan::digest(package.manifest.text().as_bytes()));
    }
    for file in &project.change_files {
        let mut releases: Vec<_> = file.releases.iter().collect();
        releases.sort();
        inputs.insert(format!("change file {}", file.id), relay_plan::digest_of(&(&file.id, releases, &file.summary)));
    }
    inputs.insert("relay.toml".to_owned(), relay_plan::digest_of(&project.config));
    inputs
}

#[cfg(test)]
mod tests {
    use relay_config::Config;

    fn fingerprint(settings: &str) -> String {
        relay_plan::digest_of(&Config::parse("relay.toml", settings).unwrap())
    }

    #[test]
    fn equal_settings_have_one_fingerprint_however_they_are_written() {
        let settings = "[release]\nmode = \"fixed\"\nchanges = [\"changesets\", \"conventional-commits\"]\n\
                        [publish]\nvisibility-timeout = \"2m\"\n\
                        [[registry]]\nurl = \"https://registry.example\"\nrules = \"npm\"\n\
                        [gate]\nmax-size = \"5MB\"\nforbid = [\"secret\", \"protocol-leak\"]\n\
                        [[credential]]\nenv = \"A\"\nkind = \"session\"\nexpires = 2027-02-01\n";
        let otherwise = "# what we mean\ngate = { forbid = [\"protocol-leak\", \"secret\", \"secret\"], max-size = '5000kB' }\n\
                         [[credential]]\nexpires = \"2027-02-01\" # soon\nkind = \"session\"\nenv = 'A'\n\
                         [[registry]]\nrules = \"npm\"\nurl = \"HTTPS://registry.example/\"\n\n\
                         [publish]\nconcurrency = 8\nvisibility-timeout = \"120s\"\n\
                         [release]\nchanges = [\"conventional-commits\", \"changesets\"]\nmode = \"fixed\"\n";
        assert_eq!(fingerprint(settings), fingerprint(otherwise));
        assert_eq!(fingerprint(""), fingerprint("[release]\nmode = \"independent\"\n[publish]\n[gate]\n"));
    }

    #[test]
    fn every_change_of_meaning_has_another_fingerprint() {
        let credential = "[[credential]]\nenv = \"A\"\nkind = \"session\"\n";
        let settings = [
            String::new(),
            "[release]\nmode = \"fixed\"\n".to_owned(),
            "[release]\nchanges = []\n".to_owned(),
            "[release]\nchanges = [\"changesets\"]\n".to_owned(),
            "[release]\nignore = [\"a\", \"!b\"]\n".to_owned(),
            "[release]\nignore = [\"!b\", \"a\"]\n".to_owned(),
            "[release]\nbranch = \"a\"\n".to_owned(),
            "[publish]\ntag = \"a\"\n".to_owned(),
            "[publish]\naccess = \"public\"\n".to_owned(),
            "[publish]\nvisibility-timeout = \"3m\"\n".to_owned(),
            "[publish]\nconcurrency = 3\n".to_owned(),
            "[gate]\nforbid = [\"new-files\"]\n".to_owned(),
            "[gate]\nwarn = [\"new-files\"]\n".to_owned(),
            "[gate]\ncompare = false\n".to_owned(),
            "[[gate.allow]]\nfindings = [\"new-files\"]\nreason = \"meant\"\n".to_owned(),
            "[gate]\nmax-size = \"3MB\"\n".to_owned(),
            "[[registry]]\nurl = \"https://a.example/\"\nrules = \"npm\"\n".to_owned(),
            "[[registry]]\nurl = \"https://a.example/\"\nrules = \"plain\"\n".to_owned(),
            credential.to_owned(),
            format!("{credential}registry = \"https://a.example/\"\n"),
            format!("{credential}packages = [\"a\"]\n"),
            format!("{credential}expires = 2027-02-01\n"),
            format!("{credential}expires = 2027-02-02\n"),
            "[[policy]]\npackages = [\"a\"]\nroutes = [\"token\", \"interactive\"]\n".to_owned(),
            "[[policy]]\npackages = [\"a\"]\nroutes = [\"interactive\", \"token\"]\n".to_owned(),
            "[[group]]\npackages = [\"a\"]\nkind = \"fixed\"\n".to_owned(),
            "[[group]]\npackages = [\"a\"]\nkind = \"linked\"\n".to_owned(),
        ];
        let distinct: std::collections::BTreeSet<_> = settings.iter().map(|settings| fingerprint(settings)).collect();
        assert_eq!(distinct.len(), settings.len());
    }
}
