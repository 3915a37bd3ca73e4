//! The only room that prints: stdout carries the result, stderr all talk.

pub mod lines;
