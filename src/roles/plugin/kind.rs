//! What kind of workload an app is, and who made it: the flags that say so, and what cannot be changed
//! afterwards.

use crate::{
    cluster::Cluster,
    error::{Failure, Result},
    model::{
        AppName, DeployOptions, Event, Events, Health, IngressOptions, PortKind, Probing, Strategy,
        VolumeMount,
    },
    steps::deploy::{self, Previous},
};

/// Which workload runs the app.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Flags of the running app")]
pub(super) struct KindArgs {
    /// Run the app as a stateful set: Pods with names, and with claims of their own (--volume claim/…)
    #[arg(long, conflicts_with = "stateless")]
    stateful: bool,
    /// Run the app as a Deployment, which is the default
    #[arg(long)]
    stateless: bool,
    /// Give the image to a workload that somebody else made; of it nothing changes but the image and
    /// what flags name
    #[arg(long)]
    adopt: bool,
    /// Which container of it runs the image, where there are several
    #[arg(long, value_name = "NAME", requires = "adopt")]
    container: Option<String>,
}

impl KindArgs {
    /// Returns what was said, if anything.
    pub(super) fn stateful(&self) -> Option<bool> {
        match (self.stateful, self.stateless) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    /// Whether a workload of somebody else may be changed.
    pub(super) fn adopts(&self) -> bool {
        self.adopt
    }

    /// Returns how the app was deployed last; `None` where it was not. A workload that is taken over was
    /// deployed with no options of ours; `has_command` is whether flags say how the image starts.
    pub(super) async fn previous(
        &self,
        cluster: &Cluster,
        app: &AppName,
        has_command: bool,
        events: &Events,
    ) -> Result<Option<Previous>> {
        if self.adopt
            && let Some(adoption) = deploy::adopt(cluster, app, self.container.as_deref()).await?
        {
            if let Some(note) = adoption.note.filter(|_| !has_command) {
                events.send(Event::Warning(note));
            }
            return Ok(Some(Previous {
                options: adoption.options,
                ..Previous::default()
            }));
        }
        deploy::previous(cluster, app).await
    }
}

/// Checks that the app can become what was asked for.
pub(super) fn ensure_possible(
    previous: Option<&DeployOptions>,
    wanted: &DeployOptions,
    app: &AppName,
    namespace: &str,
) -> Result<()> {
    if wanted.adopted.is_some() {
        ensure_adoptable(wanted, app)?;
    }
    ensure_strategy(wanted, app)?;
    let claims: Vec<&VolumeMount> = wanted.own_claims().collect();
    let Some(previous) = previous else {
        return ensure_claims(wanted, &claims, app);
    };
    if previous.stateful != wanted.stateful {
        return Err(deploy::other_kind(previous.stateful, app, namespace));
    }
    ensure_claims(wanted, &claims, app)?;
    let before: Vec<&VolumeMount> = previous.own_claims().collect();
    let sources =
        |mounts: &[&VolumeMount]| -> Vec<_> { mounts.iter().map(|mount| mount.source.clone()).collect() };
    if wanted.stateful && wanted.adopted.is_none() && sources(&before) != sources(&claims) {
        return Err(Failure::usage(format!("could not change the claims of `{app}`"))
            .why("Kubernetes fixes the claims of a StatefulSet when it is made")
            .next("let the Pods and their data be, remove the StatefulSet alone, and deploy with all flags; an existing claim is made larger by itself:")
            .command(format!("kubectl delete statefulset {app} --cascade=orphan -n {namespace}"))
            .command(format!("kubectl get pvc -l kubectl-b2i/app={app} -n {namespace}"))
            .anchor("claims-fixed"));
    }
    Ok(())
}

/// Checks that the strategy is ours to choose.
pub(super) fn ensure_strategy(wanted: &DeployOptions, app: &AppName) -> Result<()> {
    let why = match (wanted.strategy, &wanted.adopted) {
        (Strategy::Rolling, _) => return Ok(()),
        (_, Some(_)) => "somebody else made it, and how its Pods are replaced stays theirs",
        (_, None) if wanted.stateful => {
            "it is a StatefulSet, which ends each Pod before it starts the Pod's successor anyway"
        }
        (_, None) => return Ok(()),
    };
    Err(
        Failure::usage(format!("could not deploy `{app}` with `--strategy recreate`"))
            .why(why)
            .next("leave `--strategy` out"),
    )
}

fn ensure_claims(wanted: &DeployOptions, claims: &[&VolumeMount], app: &AppName) -> Result<()> {
    let failure = |why: String| {
        Failure::usage(format!("could not give `{app}` the volume `{}`", claims[0]))
            .why(why)
            .anchor("claims-fixed")
    };
    if !claims.is_empty() && !wanted.stateful {
        return Err(
            failure("only the Pods of a StatefulSet have claims of their own".to_owned())
                .next("add `--stateful`, or mount a claim that is there with `--volume pvc/NAME:/PATH`"),
        );
    }
    let names: Vec<String> = claims.iter().map(|claim| name_of(claim)).collect();
    let twice = names
        .iter()
        .enumerate()
        .find(|(at, name)| names[..*at].contains(name));
    match twice {
        Some((_, name)) => {
            Err(failure(format!("two claims would be called `{name}`"))
                .next("give each claim a name of its own"))
        }
        None => Ok(()),
    }
}

/// `claim/data` for `claim/data=1Gi:/data`
fn name_of(claim: &VolumeMount) -> String {
    let text = claim.to_string();
    text.split_once('=')
        .map_or(text.clone(), |(name, _)| name.to_owned())
}

/// What is not the Pods' business belongs to whoever made the workload.
fn ensure_adoptable(wanted: &DeployOptions, app: &AppName) -> Result<()> {
    let pod = &wanted.pod;
    let flag = if !wanted.ports.is_empty() || wanted.service != PortKind::ClusterIp {
        "--port, --service-port, --nodeport and --load-balancer"
    } else if wanted.ingress != IngressOptions::default() {
        "--ingress"
    } else if !matches!(pod.health, Health::Automatic)
        || pod.liveness != Probing::Default
        || pod.readiness != Probing::Default
    {
        "--health-path, --liveness and --readiness"
    } else if wanted.own_claims().next().is_some() {
        "--volume claim/…"
    } else {
        return Ok(());
    };
    Err(Failure::usage(format!("could not deploy `{app}` with these flags"))
        .why(format!(
            "somebody else made it, and its Service, its probes and its claims stay theirs: {flag} are for apps that kubectl-b2i made"
        ))
        .next("leave these flags out, and change that where it was made")
        .anchor("adopt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(stateful: bool, volumes: &[&str]) -> DeployOptions {
        let mut options = DeployOptions {
            stateful,
            ..DeployOptions::default()
        };
        options.pod.volumes = volumes.iter().map(|it| it.parse().expect("a volume")).collect();
        options
    }

    fn ensure(previous: Option<&DeployOptions>, wanted: &DeployOptions) -> Option<String> {
        let app = "shop".parse().expect("a name");
        let done = ensure_possible(previous, wanted, &app, "dev");
        done.err().map(|failure| failure.anchor)
    }

    #[test]
    fn a_claim_of_its_own_needs_a_stateful_set() {
        let claim = "claim/data=1Gi:/data";
        assert_eq!(ensure(None, &options(true, &[claim])), None);
        assert_eq!(
            ensure(None, &options(false, &[claim])).as_deref(),
            Some("claims-fixed")
        );
        let twice = options(true, &[claim, "claim/data=1Gi:/other"]);
        assert_eq!(ensure(None, &twice).as_deref(), Some("claims-fixed"));
    }

    #[test]
    fn the_strategy_is_ours_to_choose_or_not() {
        let recreate = |stateful| DeployOptions {
            strategy: Strategy::Recreate,
            ..options(stateful, &[])
        };
        assert_eq!(ensure(None, &recreate(false)), None);
        assert!(ensure(None, &recreate(true)).is_some());
        let adopted = DeployOptions {
            adopted: Some("web".to_owned()),
            ..recreate(false)
        };
        assert!(ensure(None, &adopted).is_some());
    }

    #[test]
    fn what_kubernetes_fixes_is_refused() {
        let before = options(true, &["claim/data=1Gi:/data"]);
        assert_eq!(ensure(Some(&before), &before), None);
        let moved = options(true, &["claim/data=1Gi:/elsewhere"]);
        assert_eq!(ensure(Some(&before), &moved), None, "the place is the Pod's");
        let larger = options(true, &["claim/data=2Gi:/data"]);
        assert_eq!(ensure(Some(&before), &larger).as_deref(), Some("claims-fixed"));
        let stateless = options(false, &[]);
        assert_eq!(ensure(Some(&before), &stateless).as_deref(), Some("other-kind"));
    }

    #[test]
    fn of_an_adopted_app_only_the_pods_are_ours() {
        let adopted = DeployOptions {
            adopted: Some("web".to_owned()),
            ..options(false, &["emptydir:/cache"])
        };
        assert_eq!(ensure(Some(&adopted), &adopted), None);
        let mut with_port = adopted.clone();
        with_port.ports.push(crate::model::Port::tcp(8080));
        assert_eq!(ensure(Some(&adopted), &with_port).as_deref(), Some("adopt"));
    }
}
