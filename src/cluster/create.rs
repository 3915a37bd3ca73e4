//! Creates a Job once, also where the answer to the create was lost and [`super::retry`] repeated it.

use k8s_openapi::api::batch::v1::Job;
use kube::{ResourceExt, api::PostParams};
use rustls::crypto::ring;

use super::{Cluster, error::is_conflict};

/// Annotation: a random value, by which a create that is repeated recognises its own object. A name does not prove that:
/// others can see it in the namespace, and can use it first.
const CREATION: &str = "kubectl-b2i/creation";

/// Creates a Job and returns it as it is in the cluster.
///
/// # Errors
/// What the API server answered; 409 if another Job has the name.
pub async fn create_job(cluster: &Cluster, mut job: Job) -> kube::Result<Job> {
    let mut random = [0; 16];
    let has_value = ring::default_provider().secure_random.fill(&mut random).is_ok();
    let value = hex::encode(random);
    if has_value {
        let annotations = job.metadata.annotations.get_or_insert_default();
        annotations.insert(CREATION.to_owned(), value.clone());
    }
    let jobs = cluster.api::<Job>();
    let conflict = match jobs.create(&PostParams::default(), &job).await {
        Err(error) if has_value && is_conflict(&error) => error,
        created => return created,
    };
    let found = jobs.get_opt(&job.name_any()).await?;
    let own = found.filter(|found| found.annotations().get(CREATION) == Some(&value));
    own.ok_or(conflict)
}
