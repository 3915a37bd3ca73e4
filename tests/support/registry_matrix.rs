//! A push as `deploy` makes it (first the check, then the layers), what a table says of it, and the
//! words of a refusal: on registries that misbehave on demand (integration) and on real ones (e2e).
use std::{fs, path::Path};

use kubectl_b2i::{
    error::Failure,
    model::{CheckRequest, CheckScope, Events, Layer, LayerDescriptor, RegistryAccess, SecretName, Uploaded},
    oci::{Descriptor, Digest, Reference, media_type},
    registry::{Client, Credentials, LoginSource, Options},
    steps::{check, push},
};

use super::{
    fake_registry::{PASSWORD, USER},
    golden::assert_golden,
    registry_cases::some_bytes,
};

pub const WRONG_PASSWORD: &str = "wr0ng";

pub type Row = (&'static str, String);

pub fn login(user: &str, password: &str) -> Option<Credentials> {
    Some(Credentials::Basic {
        username: user.into(),
        password: password.into(),
    })
}

pub fn ours() -> Option<Credentials> {
    login(USER, PASSWORD)
}

pub fn insecure(credentials: Option<Credentials>) -> Options {
    Options {
        insecure: true,
        credentials,
        ..Options::default()
    }
}

fn client(host: &str, options: &Options) -> Result<Client, Failure> {
    Client::new(host, options).map_err(|error| error.failure("could not connect"))
}

fn destination(host: &str, repository: &str) -> Reference {
    format!("{host}/{repository}").parse().unwrap()
}

/// What `deploy` asks before a layer is sent.
pub async fn checked(host: &str, repository: &str, options: &Options) -> Result<(), Failure> {
    let request = CheckRequest {
        image: destination(host, repository),
        scope: CheckScope::Build,
        push_secret: SecretName {
            namespace: "shop".into(),
            name: "registry-push".into(),
        },
        base: None,
        access: RegistryAccess {
            insecure: options.insecure.then(|| host.to_owned()).into_iter().collect(),
            ..RegistryAccess::default()
        },
    };
    let report = check::run(&request, &client(host, options)?, None).await;
    report.failure().map_or(Ok(()), |failure| Err(failure.clone()))
}

/// Sends one layer, as `build --local` does.
pub async fn sent(host: &str, repository: &str, options: &Options, size: usize) -> Result<Uploaded, Failure> {
    let bytes = some_bytes(size);
    let folder = tempfile::tempdir().unwrap();
    let layer = Layer {
        described: LayerDescriptor {
            name: "application".into(),
            descriptor: Descriptor::of(media_type::LAYER, &bytes),
            diff_id: Digest::of(b"tar"),
        },
        local_path: folder.path().join("layer"),
    };
    fs::write(&layer.local_path, &bytes).unwrap();
    let options = Options {
        login_source: LoginSource::DockerConfig,
        ..options.clone()
    };
    let client = client(host, &options)?;
    let to = destination(host, repository);
    let missing = push::missing(std::slice::from_ref(&layer.described), &to, &client).await?;
    push::from_here(&[layer], &missing, &to, &client, &Events::nowhere()).await
}

/// Both, as `deploy` does them.
pub async fn pushed(
    host: &str,
    repository: &str,
    options: &Options,
    size: usize,
) -> Result<Uploaded, Failure> {
    checked(host, repository, options).await?;
    sent(host, repository, options, size).await
}

/// What came of it, in a cell of a table.
pub fn cell(outcome: &Result<Uploaded, Failure>) -> String {
    match outcome {
        Ok(uploaded) if uploaded.sent.is_empty() => "nothing is sent".to_owned(),
        Ok(_) => "pushed".to_owned(),
        Err(failure) => {
            assert!(
                !failure.anchor.is_empty() && !failure.next.is_empty(),
                "{failure:?}"
            );
            for secret in [PASSWORD, WRONG_PASSWORD] {
                assert!(!format!("{failure:?}").contains(secret), "{failure:?}");
            }
            format!("refused, and [told](../troubleshooting.md#{})", failure.anchor)
        }
    }
}

/// Holds the words of a refusal against a file: those of `deploy` and `registry check`, and those of
/// `build --local`; each beside the registry's address, which is another each time.
pub fn keep_words(case: &str, deploy: (&str, &Failure), local: (&str, &Failure)) {
    let of = |(host, failure): (&str, &Failure)| {
        let text = told(failure).replace(host, "registry.example.com");
        // How many uploads there were before is nobody's business.
        let text = match text.split_once("/uploads/upload-") {
            Some((before, after)) => {
                let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
                format!("{before}/uploads/upload-N{rest}")
            }
            None => text,
        };
        let resolver = "failed to lookup address information: ";
        text.lines()
            .map(|line| match line.split_once(resolver) {
                // The rest is the C library's.
                Some((known, _)) => format!("{known}{resolver}…\n"),
                None => format!("{line}\n"),
            })
            .collect::<String>()
    };
    let text = format!(
        "# {case}\n\n## deploy, registry check\n\n{}\n## build --local\n\n{}",
        of(deploy),
        of(local)
    );
    let slug: String = case
        .to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_");
    assert_golden(&format!("registry/{slug}.txt"), &text);
}

fn told(failure: &Failure) -> String {
    let mut lines = vec![format!("error: {}", failure.what)];
    lines.extend(failure.why.lines().enumerate().map(|(at, line)| {
        let label = if at == 0 { "  why:" } else { "      " };
        format!("{label} {line}")
    }));
    lines.push(String::new());
    lines.push(format!("next: {}", failure.next));
    lines.extend(
        failure
            .commands
            .iter()
            .map(|command| format!("        {command}")),
    );
    if failure.needs_administrator() {
        lines.push("      where you may not do that, ask an administrator of the namespace".to_owned());
    }
    lines.push(format!("      #{}", failure.anchor));
    lines.join("\n") + "\n"
}

/// Holds the table below this head in `docs/reference/registries.md` against what was found.
pub fn keep_table(head: &str, rows: &[String]) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/registries.md");
    let text = fs::read_to_string(&page).unwrap();
    let columns = head.matches('|').count() - 1;
    let head = format!("{head}\n|{}\n", "---|".repeat(columns));
    let (before, rest) = text.split_once(&head).expect("the table's head");
    let after = rest.split_once("\n\n").expect("a text behind the table").1;
    let wanted = format!("{before}{head}{}\n\n{after}", rows.join("\n"));
    if std::env::var_os("B2I_UPDATE_GOLDEN").is_some() {
        fs::write(&page, &wanted).unwrap();
    } else {
        assert_eq!(text, wanted, "the table is not what the test found");
    }
}
