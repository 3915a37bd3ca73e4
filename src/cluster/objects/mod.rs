//! Every object that we ever create, as pure functions, in one folder for review.

pub mod labels;
