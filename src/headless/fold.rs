//! From what was recorded to the state of the run: the same fold as everywhere.

use std::sync::Arc;

use crate::run::{Event, Recorded, Run};

/// The state of a run before its first event, made from that event.
pub fn begin(first: &Recorded) -> Result<Run, String> {
    let Event::RunStarted(start) = &first.event else {
        return Err("its first event is not the start of a run".to_owned());
    };
    let workflow = start
        .plan()
        .workflow
        .ok_or("this version does not understand the workflow in its journal")?;
    Ok(Run::empty(Arc::new(workflow)))
}

/// Folds what was recorded.
pub fn fold(records: &[Recorded]) -> Result<Run, String> {
    let first = records.first().ok_or("it never started")?;
    let mut run = begin(first)?;
    for recorded in records {
        run.apply(recorded).map_err(|error| error.to_string())?;
    }
    Ok(run)
}
