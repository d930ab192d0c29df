//! Behaviours around a provider and its keys, stacked in the composition root where the stack can be read.

pub mod counting;
pub mod deadline;
