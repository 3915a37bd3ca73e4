//! The Secret that the base is pulled with, where it is not the push Secret: what was said now, else earlier
//! of the app, else by the configuration.

/// Word of `--pull-secret` that undoes an earlier one: the push Secret pulls as well.
const DEFAULT: &str = "default";

/// What was said of it beside the app's own record.
#[derive(Clone, Debug, Default)]
pub(super) struct PullSecret {
    said: Option<String>,
    configured: Option<String>,
}

impl PullSecret {
    /// Of the flag and the configuration.
    pub(super) fn new(said: Option<&String>, configured: Option<&String>) -> Self {
        Self {
            said: said.cloned(),
            configured: configured.cloned(),
        }
    }

    /// Returns what is kept for the app's next build. What only the configuration says is not: it may say
    /// something else by then.
    pub(super) fn kept(&self, previous: Option<String>) -> Option<String> {
        let named = self.said.clone().or(previous);
        named.filter(|name| name != DEFAULT)
    }

    /// Returns the Secret of a build for which this was kept; `None` where it is the push Secret.
    pub(super) fn effective(&self, kept: Option<&String>) -> Option<String> {
        let named = self.said.as_ref().or(kept).or(self.configured.as_ref());
        named.filter(|name| *name != DEFAULT).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(said: &str, kept: &str, configured: &str) -> (Option<String>, Option<String>) {
        let word = |word: &str| Some(word.to_owned()).filter(|word| !word.is_empty());
        let secret = PullSecret::new(word(said).as_ref(), word(configured).as_ref());
        let kept = secret.kept(word(kept));
        let effective = secret.effective(kept.as_ref());
        (kept, effective)
    }

    #[test]
    fn a_flag_goes_before_the_app_and_that_before_the_configuration() {
        let some = |word: &str| Some(word.to_owned());
        assert_eq!(of("", "", ""), (None, None));
        assert_eq!(of("flag", "app", "all"), (some("flag"), some("flag")));
        assert_eq!(of("", "app", "all"), (some("app"), some("app")));
        assert_eq!(of("", "", "all"), (None, some("all")));
        assert_eq!(of("default", "app", "all"), (None, None));
    }
}
