//! The screen of bare `flightdeck`: workflows to start, runs to open; and the form for a workflow's parameters.

mod model;
mod update;
mod view;

pub(crate) use model::Home;

#[cfg(test)]
mod tests;
