//! `kubernetes`: one thing done in a cluster, by the user's own kubeconfig.
//!
//! What is repeatable by the API's own means is made so here (server-side apply, names and marks derived from the idempotency key), so
//! that a lost answer or a killed attempt leads to the same end when the order is given again. All texts say which context and
//! server they are about.

mod perform;

mod apply;
mod delete;
mod drain;
mod exec;
mod image;
mod job;
mod logs;
mod look;
mod rollout;
mod scale;
mod stop;
mod undo;

mod review;
mod rights;

mod cluster;
mod kinds;
mod login;
mod manifests;
mod pods;
mod settle;
mod trouble;
mod verdict;
mod workload;

pub(super) use perform::{no_open_secrets, perform};
pub(super) use review::permitted;
