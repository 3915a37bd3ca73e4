//! Every page with hostile values in every field that a stranger may write: nothing of it reaches the terminal.

use std::{collections::BTreeMap, ffi::OsStr, path::Path, sync::LazyLock};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{commands, page::Page, status_page};
use crate::{
    model::{
        AppStatus, Artifact, ArtifactKind, ArtifactStatus, Base, BuildOrigin, BuildPhase, BuildStatus, Check,
        CheckReport, CheckStatus, ConfigChanges, ElfFacts, EnvStatus, EventStatus, Finding, FindingStatus,
        ImagePlan, JarFacts, JarLayout, LayerDescriptor, Libc, PodStatus, RealPath, RegistryAccess,
        RolloutOutcome, RolloutRecord, ServletApi, Skipped, StagingStatus, WarFacts, Workload,
    },
    oci::{Compression, Descriptor, Digest, Platform, Reference},
    steps::plan::Catalogue,
    term::{
        self,
        hostile::{CASES, Chance, assert_result},
    },
};

const NOW: &str = "2024-05-01T12:01:00Z";

#[test]
fn no_page_lets_a_stranger_speak_to_the_terminal() {
    let now: Timestamp = NOW.parse().expect("a time");
    for case in 0..CASES {
        let chance = &mut Chance(case);
        match case % 8 {
            0 | 1 => {
                let app = app(chance);
                for width in [None, Some(40), Some(120)] {
                    assert_result(&status_page::page(&app, now, width), case);
                }
                assert_documents(&app, case);
            }
            2 => {
                let apps = [app(chance), app(chance)];
                for is_wide in [false, true] {
                    assert_result(&commands::list::table(&apps, is_wide, now), case);
                }
                assert_result(&commands::list::names(&apps), case);
                assert_documents(&apps, case);
            }
            3 => inspected(chance, case),
            4 => {
                let findings = [finding(chance), finding(chance)];
                assert_result(&commands::doctor::table(&findings), case);
                assert_documents(&findings, case);
            }
            5 => {
                let report = CheckReport {
                    checks: vec![check(chance), check(chance)],
                };
                assert_result(&commands::registry::table_of_checks(&report), case);
                assert_documents(&report, case);
                let logins = logins(chance);
                assert_result(&commands::registry::table_of_logins(&logins), case);
                assert_documents(&logins, case);
            }
            6 => catalogue(chance, case),
            // Objects of a dry run, versions, whatever else is a tree.
            _ => assert_documents(&tree(chance, 3), case),
        }
    }
}

/// Both are harmless, and read back as they were. To read them takes longest, so that is done for one in eight.
fn assert_documents(all: &impl Serialize, case: u64) {
    let is_read = (case / 8).is_multiple_of(8);
    let value = serde_json::to_value(all).expect("plain data");
    let (json, yaml) = (term::json(all).expect("JSON"), term::yaml(all).expect("YAML"));
    for document in [&json, &yaml] {
        let lines = super::format::lines(document);
        assert_result(&lines, case);
        assert_eq!(
            lines.join("\n"),
            document.trim_end_matches('\n'),
            "case {case}: it is printed as it is"
        );
    }
    if !is_read {
        return;
    }
    assert_eq!(
        serde_json::from_str::<Value>(&json).expect("JSON"),
        value,
        "case {case}"
    );
    assert_eq!(
        serde_yaml::from_str::<Value>(&yaml).expect("YAML"),
        value,
        "case {case}: {yaml}"
    );
}

fn tree(chance: &mut Chance, depth: u64) -> Value {
    match chance.below(3) {
        0 if depth > 0 => (0..3).map(|_| tree(chance, depth - 1)).collect(),
        1 if depth > 0 => {
            let members = (0..3).map(|_| (chance.text(), tree(chance, depth - 1)));
            Value::Object(members.collect())
        }
        _ => json!(chance.text()),
    }
}

/// As a stranger would have it, where it can be parsed.
fn reference(chance: &mut Chance) -> Reference {
    let hostile = format!("r.example/{}:{}", chance.text(), chance.text());
    let usual = || "r.example/team/shop:1".parse().expect("a reference");
    hostile.parse().unwrap_or_else(|_| usual())
}

fn layer(chance: &mut Chance) -> LayerDescriptor {
    LayerDescriptor {
        name: chance.text(),
        descriptor: Descriptor::of(&chance.text(), b""),
        diff_id: Digest::of(b""),
    }
}

fn app(chance: &mut Chance) -> AppStatus {
    AppStatus {
        name: chance.text(),
        namespace: chance.text(),
        workload: (chance.below(4) > 0).then(|| Workload {
            kind: chance.text(),
            ready: 1,
            wanted: 2,
            updated: i32::try_from(chance.below(2)).expect("it is small"),
            url: chance.maybe(),
            image: chance.text(),
            build: Some(1),
            env: (0..chance.below(3))
                .map(|_| EnvStatus {
                    name: chance.text(),
                    value: chance.maybe(),
                    from: chance.maybe(),
                })
                .collect(),
            memory: chance.maybe(),
            cpu: chance.maybe(),
        }),
        options: (0..chance.below(3))
            .map(|_| (chance.text(), tree(chance, 2)))
            .collect(),
        builds: (0..chance.below(3)).map(|number| build(chance, number)).collect(),
        rollouts: (0..chance.below(3))
            .map(|_| RolloutRecord {
                started: chance.text(),
                ended: chance.maybe(),
                build: Some(1),
                image: chance.text(),
                changes: chance.texts(),
                outcome: chance.choice(&[RolloutOutcome::Serving, RolloutOutcome::Failed]),
                why: chance.maybe(),
            })
            .collect(),
        pods: (0..chance.below(3))
            .map(|_| PodStatus {
                name: chance.text(),
                node: chance.maybe(),
                phase: chance.text(),
                is_ready: false,
                restarts: 1,
                created: chance.maybe(),
                trouble: chance.maybe(),
            })
            .collect(),
        staging: vec![StagingStatus {
            pod: chance.text(),
            phase: chance.text(),
            created: chance.maybe(),
            idle_seconds: Some(9),
        }],
        events: (0..chance.below(3))
            .map(|_| EventStatus {
                time: chance.maybe(),
                type_: chance.choice(&["Warning", "Normal"]).to_owned() + &chance.maybe().unwrap_or_default(),
                reason: chance.text(),
                object: chance.text(),
                message: chance.text(),
            })
            .collect(),
    }
}

fn build(chance: &mut Chance, number: u64) -> BuildStatus {
    BuildStatus {
        number,
        phase: chance.choice(&[
            BuildPhase::Building,
            BuildPhase::Ok,
            BuildPhase::Failed,
            BuildPhase::Lost,
        ]),
        origin: chance.choice(&[BuildOrigin::Artifact, BuildOrigin::Rerun(1), BuildOrigin::Local]),
        started: chance.choice(&["2024-05-01T12:00:00Z", "\u{1b}[2J"]).to_owned(),
        ended: chance.maybe(),
        is_running: chance.below(2) == 0,
        is_undone: false,
        artifact: ArtifactStatus {
            file_name: chance.text(),
            size_bytes: 1,
            digest: Digest::of(b""),
            summary: chance.text(),
        },
        image: Some(reference(chance)),
        tags: chance.texts(),
        size_bytes: None,
        base: Some(reference(chance)),
        layers: vec![layer(chance)],
        uploaded_bytes: 7,
        failure: (chance.below(2) == 0).then(|| chance.failure()),
        log_tail: chance.texts(),
        skipped: (number == 1).then(|| Skipped {
            times: 2,
            last: chance.text(),
        }),
    }
}

fn finding(chance: &mut Chance) -> Finding {
    let status = chance.choice(&[FindingStatus::Ok, FindingStatus::Failed, FindingStatus::Unknown]);
    Finding {
        name: chance.text(),
        status,
        detail: chance.text(),
        fix: chance.maybe(),
    }
}

fn check(chance: &mut Chance) -> Check {
    Check {
        name: chance.text(),
        status: chance.choice(&[CheckStatus::Passed, CheckStatus::Failed, CheckStatus::Skipped]),
        detail: chance.text(),
        failure: Some(chance.failure()),
    }
}

fn logins(chance: &mut Chance) -> Vec<commands::registry::Listed> {
    let login = |chance: &mut Chance| commands::registry::Login {
        registry: chance.text(),
        user: chance.maybe(),
    };
    let listed = (0..2).map(|_| commands::registry::Listed {
        name: chance.text(),
        logins: (0..chance.below(3)).map(|_| login(chance)).collect(),
        problem: chance.maybe(),
    });
    listed.collect()
}

fn catalogue(chance: &mut Chance, case: u64) {
    static BUILTIN: LazyLock<Catalogue> = LazyLock::new(Catalogue::builtin);
    let mut catalogue = BUILTIN.clone();
    catalogue.names = (0..3).map(|_| (chance.text(), None)).collect();
    let access = RegistryAccess {
        mirrors: BTreeMap::from([("docker.io".to_owned(), chance.text())]),
        ..RegistryAccess::default()
    };
    let rows = commands::runtimes::rows(&catalogue, &access);
    assert_result(&commands::runtimes::table(&rows), case);
    let row = [(); 4].map(|()| chance.text());
    assert_result(&commands::runtimes::table(&[row]), case);
    assert_documents(
        &json!({ "catalogue": catalogue, "mirrors": access.mirrors }),
        case,
    );
}

fn inspected(chance: &mut Chance, case: u64) {
    let artifact = Artifact {
        file_name: chance.text(),
        named_after: chance.text(),
        local_path: RealPath::of(Path::new("/"))
            .unwrap()
            .child(OsStr::new(&chance.text())),
        local_modified: None,
        size_bytes: 1,
        digest: Digest::of(b""),
        kind: kind(chance),
        evidence: chance.texts(),
        notes: chance.texts(),
        entries: Vec::new(),
        tree: None,
    };
    let pairs = |chance: &mut Chance| (0..2).map(|_| (chance.text(), chance.text())).collect();
    let plan = ImagePlan {
        base: Base::Image(reference(chance)),
        base_reason: chance.text(),
        notes: chance.texts(),
        platform: Platform::linux(&chance.text()),
        config: ConfigChanges {
            entrypoint: Some(chance.texts()),
            env: pairs(chance),
            default_env: pairs(chance),
            working_dir: chance.maybe(),
            user: chance.maybe(),
            labels: pairs(chance),
            ..ConfigChanges::default()
        },
        layers: Vec::new(),
        context_path: chance.text(),
        servlet_api: None,
        s2i: None,
        compression: Compression::default(),
    };
    let layer = layer(chance);
    let layers = [&layer];
    let page = Page::of(&artifact, &plan, &layers);
    assert_result(&page.lines(), case);
    assert_documents(&page, case);
}

fn kind(chance: &mut Chance) -> ArtifactKind {
    match chance.below(3) {
        0 => ArtifactKind::Jar(JarFacts {
            main_class: chance.text(),
            layout: JarLayout::Quarkus {
                version: chance.maybe(),
            },
            java: 17,
            highest_java: None,
            class_path: chance.texts(),
            java_flags: chance.texts(),
        }),
        1 => ArtifactKind::War(WarFacts {
            servlet_api: ServletApi::Jakarta,
            servlet_version: chance.maybe(),
            java: 17,
            spring_boot: chance.maybe(),
            alone: None,
        }),
        _ => ArtifactKind::Elf(ElfFacts {
            platform: Platform::linux(&chance.text()),
            libc: Libc::Glibc(chance.maybe()),
            interpreter: chance.maybe(),
            needed: chance.texts(),
            versions: BTreeMap::new(),
        }),
    }
}
