//! Refusals of provenance.

use crate::refusal::Explanation;
use crate::refusal::code::{RefusalClass, RefusalCode};

use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row {
        code: RefusalCode::ProvenanceRepository,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["E422"],
        statuses: &[400, 403, 422],
        patterns: &[&["\"repository.url\" is", "from provenance"], &["failed to validate repository information"]],
        explanation: Explanation {
            code: "provenance-repository",
            title: "the manifest's `repository` is not the one that built the package",
            causes: &["`repository.url` is missing, belongs to another repository, or differs in case"],
            fixes: &[
                "write the repository's exact address into package.json: `npm pkg set repository.url=git+<address of the repository>`; `git remote get-url origin` shows it",
            ],
            says: &[
                "Error verifying sigstore provenance bundle: Failed to validate repository information: package.json: \"repository.url\" is \"\", expected to match \"https://github.com/acme/mono\" from provenance",
            ],
        },
    },
    Row {
        code: RefusalCode::ProvenanceSelfHosted,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["E422"],
        statuses: &[400, 403, 422],
        patterns: &[&["unsupported github actions runner environment"]],
        explanation: Explanation {
            code: "provenance-self-hosted",
            title: "provenance needs a runner of GitHub's own",
            causes: &["the job ran on a self-hosted runner"],
            fixes: &[
                "use a GitHub-hosted runner for the publish job: `runs-on: ubuntu-latest`",
                "or publish without provenance: `npm publish --provenance=false`",
            ],
            says: &[
                "Unsupported GitHub Actions runner environment: \"self-hosted\". Only \"github-hosted\" runners are supported when publishing with provenance.",
            ],
        },
    },
    Row {
        code: RefusalCode::ProvenancePrivateSource,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["E422"],
        statuses: &[400, 403, 422],
        patterns: &[&["unsupported github actions source repository visibility"]],
        explanation: Explanation {
            code: "provenance-private-source",
            title: "provenance needs a public repository",
            causes: &["the repository is private or internal"],
            fixes: &["publish without provenance: `npm publish --provenance=false`"],
            says: &[
                "Unsupported GitHub Actions source repository visibility: \"private\". Only public source repositories are supported when publishing with provenance.",
            ],
        },
    },
    Row {
        code: RefusalCode::ProvenanceMissingRef,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["E422"],
        statuses: &[400, 403, 422],
        patterns: &[&["missing sourcerepositoryref in signing certificate"]],
        explanation: Explanation {
            code: "provenance-missing-ref",
            title: "the provenance names no git ref",
            causes: &["the workflow was started by an event that has no branch or tag"],
            fixes: &["start it by a push, a tag (`git push origin <tag>`) or by hand"],
            says: &["Missing SourceRepositoryRef in signing certificate"],
        },
    },
    Row {
        code: RefusalCode::ProvenanceRefused,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["E422"],
        statuses: &[422],
        patterns: &[&["error verifying sigstore provenance bundle"], &["422 unprocessable"]],
        explanation: Explanation {
            code: "provenance-refused",
            title: "the registry refuses the provenance",
            causes: &["the signed statement and the upload don't agree; the registry's text says where"],
            fixes: &[
                "compare the text with package.json (`npm pkg get repository`) and the workflow",
                "or publish without provenance: `npm publish --provenance=false`",
            ],
            says: &[
                "422 Unprocessable Entity - PUT https://registry.example/core - Error verifying sigstore provenance bundle",
            ],
        },
    },
    Row {
        code: RefusalCode::TransparencyLogConflict,
        class: RefusalClass::Transient,
        teaches: None,
        npm_codes: &["TLOG_CREATE_ENTRY_ERROR"],
        statuses: &[],
        patterns: &[&["equivalent entry already exists in the transparency log"], &["error creating tlog entry"]],
        explanation: Explanation {
            code: "transparency-log-conflict",
            title: "the transparency log has this entry already; nothing was uploaded",
            causes: &["the signing client repeated a slow request"],
            fixes: &["run `relay publish` again: a new signature uses a new key and passes"],
            says: &[
                "error creating tlog entry - (409) an equivalent entry already exists in the transparency log with UUID 1",
            ],
        },
    },
    Row {
        code: RefusalCode::ProvenanceUnsupported,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["EUSAGE"],
        statuses: &[],
        patterns: &[&["automatic provenance generation not supported for provider"]],
        explanation: Explanation {
            code: "provenance-unsupported",
            title: "provenance can't be made here",
            causes: &["provenance is made by GitHub Actions and GitLab CI only"],
            fixes: &["leave provenance off on this machine: `npm publish --provenance=false`"],
            says: &["Automatic provenance generation not supported for provider: null"],
        },
    },
    Row {
        code: RefusalCode::ProvenanceNeedsPublic,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["EUSAGE"],
        statuses: &[],
        patterns: &[&["can't generate provenance for new or private package"]],
        explanation: Explanation {
            code: "provenance-needs-public",
            title: "provenance of a new package needs `access: public` spelled out",
            causes: &["the package is new or private, and `access` is not set"],
            fixes: &["say so in its package.json: `npm pkg set publishConfig.access=public` in its folder"],
            says: &["Can't generate provenance for new or private package, you must set `access` to public."],
        },
    },
];
