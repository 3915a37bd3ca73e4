//! Sets the image by digest and waits for the rollout.
