//! Sends the layers that the registry lacks to the staging Pod.
