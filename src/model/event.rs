//! What happens, as it happens. Steps send these; only `term` draws them.

use std::sync::Arc;

use serde::Serialize;

/// The steps that a person sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Finding out what the artifact is.
    Inspect,
    /// Deciding what the image will be, and making its layers.
    Plan,
    /// Sending what the registry lacks.
    Upload,
    /// The builder image coming into the registry, where nobody has put it there.
    Bootstrap,
    /// The builder Job.
    Build,
    /// The Deployment taking the image.
    RollOut,
    /// A registry coming up in the namespace.
    Host,
    /// Asking a registry what it would have against a build.
    Check,
}

impl Step {
    /// Returns its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inspect => "Inspect",
            Self::Plan => "Plan",
            Self::Upload => "Upload",
            Self::Bootstrap => "Bootstrap",
            Self::Build => "Build",
            Self::RollOut => "Roll out",
            Self::Host => "Registry",
            Self::Check => "Check",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A step began.
    Started(Step),
    /// What it does right now: `waiting for the staging Pod`.
    Doing(Step, String),
    /// How far the bytes of a step are.
    Bytes {
        /// The step.
        step: Step,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A line of somebody's log.
    Log(Step, String),
    /// A step is done, with its figures: `4 layers · 1.8 MB sent`.
    Done(Step, String),
    /// What a deploy is about to change of an app that is deployed, in phrases.
    Changes(Vec<String>),
    /// Something that the person should know.
    Warning(String),
}

/// Where events go. Cheap to clone.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Sends events to this function.
    pub fn to(listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Sends events nowhere.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::to(|_| {})
    }

    /// Sends an event.
    pub fn send(&self, event: Event) {
        (self.0)(event);
    }
}
