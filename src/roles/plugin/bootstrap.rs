//! The builder image of a build: the one that was named, else one that the first build brings into the
//! registry which its own image goes to, and that the namespace's configuration names from then on.

use std::time::Duration;

use serde_json::json;

use super::{builder_image, named_image::Purpose, options::Site};
use crate::{
    cluster::configuration,
    error::Result,
    model::{BootstrapRequest, Event, Step},
    oci::Reference,
    steps::{
        bootstrap::{self, Options},
        cleanup,
    },
    term::bytes,
};

/// Any image with a shell will do; this is a small one.
pub(super) const IMAGE: &str = "docker.io/library/busybox:stable";
/// Last part of its name, beside the app's.
const NAME: &str = "b2i-builder";
/// How long the Pod may take to run: a node may have to be added, an image to be pulled.
const POD_TIMEOUT: Duration = Duration::from_mins(3);

/// What plays our roles in the cluster.
#[derive(Clone, Debug)]
pub(super) struct BuilderImage {
    pub image: String,
    /// Secret that it is pulled with.
    pub pull_secret: Option<String>,
}

/// Brings the builder image into the registry that an image goes to, and notes that.
pub(super) async fn run(site: &Site, destination: &Reference) -> Result<BuilderImage> {
    let image = match &site.bootstrap_image {
        Some(named) => site.trusted(named, Purpose::Bootstrap).await?,
        None => IMAGE.to_owned(),
    };
    let executable = builder_image::executable(&site.cluster).await?;
    let pull_secret = site.builder_pull_secret.as_ref().unwrap_or(&site.push_secret);
    let options = Options {
        run_id: site.run_id.clone(),
        image,
        image_pull_secret: pull_secret.clone(),
        push_secret: site.push_secret.clone(),
        cpu_limit: site.build_cpu_limit.clone(),
        timeout: POD_TIMEOUT,
    };
    let request = BootstrapRequest {
        destination: beside(destination),
        access: site.access.clone(),
    };
    let expected = builder_image::digest(&executable, &request.destination).await?;
    let bringing = bootstrap::run(
        &site.cluster,
        &options,
        &executable,
        &request,
        expected,
        &site.events,
    );
    let made = match Box::pin(bringing).await {
        Ok(made) => made,
        Err(failure) => {
            // It is the first thing in the cluster, so nothing of this run is to stay.
            cleanup::run(&site.cluster, &site.run_id).await;
            return Err(failure);
        }
    };
    let builder = BuilderImage {
        image: made.to_string(),
        pull_secret: Some(site.push_secret.clone()),
    };
    let (sent, place) = (bytes(executable.size_bytes), request.destination.name());
    let figures = format!("{sent} brought in · {place}");
    site.events.send(Event::Done(Step::Bootstrap, figures));
    note(site, &builder).await;
    Ok(builder)
}

/// The place beside an image, where its push Secret may push as well.
fn beside(destination: &Reference) -> Reference {
    let repository = match destination.repository.rsplit_once('/') {
        Some((above, _)) => format!("{above}/{NAME}"),
        None => NAME.to_owned(),
    };
    Reference {
        repository,
        tag: None,
        digest: None,
        ..destination.clone()
    }
}

/// Makes it what builds in the namespace use from now on. This one goes on without.
async fn note(site: &Site, builder: &BuilderImage) {
    let config = json!({ "builderImage": builder.image, "builderPullSecret": builder.pull_secret });
    let Ok(yaml) = serde_yaml::to_string(&config) else {
        return;
    };
    let text = format!("# written by the first build, which brought this image in\n{yaml}");
    if let Err(error) = configuration::write(&site.cluster, configuration::BOOTSTRAP_KEY, Some(text)).await {
        site.events.send(Event::Warning(format!(
            "the next build brings the builder image in again, since it could not be noted in the namespace's \
             configuration ({}); name it: export B2I_BUILDER_IMAGE={}",
            site.cluster.why(&error),
            builder.image
        )));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_beside_the_image() {
        for (image, expected) in [
            (
                "registry.example.com/team/shop:1",
                "registry.example.com/team/b2i-builder",
            ),
            ("docker.io/ann/shop", "docker.io/ann/b2i-builder"),
            ("localhost:5000/shop", "localhost:5000/b2i-builder"),
            ("r.example/a/b/c", "r.example/a/b/b2i-builder"),
        ] {
            let image: Reference = image.parse().expect("a reference");
            assert_eq!(beside(&image).name(), expected);
        }
    }
}
