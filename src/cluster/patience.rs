//! How long to wait for a trouble to pass.

use std::{future, mem, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::Trouble;

/// A kubelet tries a pull again after ten to fifteen seconds; by then it has read the pull Secret. As long again for what
/// is slow: seen were fifteen seconds, and the result came too late for a limit of twenty.
const SECOND_PULL: Duration = Duration::from_secs(30);

/// The trouble that there is now, and until when it may pass by itself.
pub struct Patience {
    limit: Duration,
    trouble: Option<(Trouble, Instant)>,
}

impl Patience {
    /// Waits so long for what may pass, and not at all for what is final.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit, trouble: None }
    }

    /// Takes note of what the trouble is now; `None` when it has passed. Returns whether it is worth
    /// telling: of another kind than before, and waited for.
    pub fn note(&mut self, now: Option<Trouble>) -> bool {
        let Some(mut now) = now else {
            self.trouble = None;
            return false;
        };
        let is_final = now.is_final();
        let limit = if is_final {
            Duration::ZERO
        } else if now.is_refused_pull() {
            self.limit.min(SECOND_PULL)
        } else {
            self.limit
        };
        let mut until = Instant::now() + limit;
        let before = self.trouble.take();
        let same_kind = before
            .as_ref()
            .is_some_and(|(before, _)| mem::discriminant(before) == mem::discriminant(&now));
        if let Some((before, deadline)) = before
            && same_kind
        {
            until = until.min(deadline);
            if says_less(&now) {
                now = before;
            }
        }
        self.trouble = Some((now, until));
        !same_kind && !is_final
    }

    /// Returns the trouble that there is now.
    #[must_use]
    pub fn now(&self) -> Option<&Trouble> {
        self.trouble.as_ref().map(|(trouble, _)| trouble)
    }

    /// Waits until the trouble has lasted too long and returns it; for ever where there is none.
    pub async fn runs_out(&self) -> Trouble {
        match &self.trouble {
            Some((trouble, until)) => {
                sleep_until(*until).await;
                trouble.clone()
            }
            None => future::pending().await,
        }
    }
}

/// Kubelets before 1.31 forget the cause between two attempts to pull.
fn says_less(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::ImagePull { message, .. } if message.starts_with("Back-off") && !message.contains(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pull(message: &str) -> Trouble {
        Trouble::ImagePull {
            image: "r/shop".to_owned(),
            message: message.to_owned(),
        }
    }

    #[tokio::test]
    async fn the_cause_outlives_the_back_off() {
        let mut patience = Patience::new(Duration::ZERO);
        assert!(patience.note(Some(pull("connection reset"))));
        assert!(!patience.note(Some(pull("Back-off pulling image"))));
        assert_eq!(patience.runs_out().await, pull("connection reset"));
    }

    #[tokio::test]
    async fn what_is_final_is_not_waited_for() {
        let mut patience = Patience::new(Duration::MAX / 4);
        patience.note(Some(pull("not found")));
        assert_eq!(patience.runs_out().await, pull("not found"));
    }

    #[tokio::test]
    async fn what_passes_is_forgotten() {
        let mut patience = Patience::new(Duration::ZERO);
        patience.note(Some(pull("reset")));
        patience.note(None);
        let ran_out = tokio::time::timeout(Duration::from_millis(20), patience.runs_out()).await;
        assert!(ran_out.is_err());
    }
}
