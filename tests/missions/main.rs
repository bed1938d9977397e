//! The six workflows of the mission (and one of their parts, `helm`), each by keys in a real terminal against real parties: once
//! straight through, once with a failure in the middle that the operator mends, once rolled back. What came of it is asked of
//! each party by its own client.

mod backup_restore;
mod canary;
mod clouds;
mod demand_scaling;
mod doctor;
#[path = "../whole/face.rs"]
#[allow(dead_code, reason = "shared with tests/whole")]
mod face;
mod fleet;
mod helm;
mod hybrid_deploy;
mod hybrid_tiers;
#[path = "../whole/line.rs"]
#[allow(dead_code, reason = "shared with tests/whole")]
mod line;
#[path = "../clouds/parties/mod.rs"]
#[allow(dead_code, reason = "shared with tests/clouds")]
mod parties;
#[path = "../whole/place.rs"]
#[allow(dead_code, reason = "shared with tests/whole")]
mod place;
mod region_failover;
mod stage;
