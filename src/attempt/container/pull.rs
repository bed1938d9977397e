//! Images: whether one is here, and how it is fetched.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::Value as Json;

use super::super::call::{Context, Trouble};
use super::super::cause::innermost;
use super::engine::{Engine, again};
use super::{login, names};
use crate::workflow::ContainerPull;

/// Of what the engine tells while it fetches.
const LINE_MAX: usize = 1 << 20;

/// Fetches the image if it has to be. `Ok` is its id.
pub(super) async fn provide(
    engine: &Engine,
    image: &str,
    when: ContainerPull,
    cx: &Context<'_, '_>,
) -> Result<String, Trouble> {
    names::image(image)?;
    if when != ContainerPull::Always {
        if let Some(id) = known(engine, image).await? {
            return Ok(id);
        }
        if when == ContainerPull::Never {
            let why = format!("the image {image} is not here, and the step says `pull: never`");
            return Err(Trouble::Failed(why));
        }
    }
    pull(engine, image, cx).await?;
    known(engine, image).await?.ok_or_else(|| {
        Trouble::Failed(format!(
            "the image {image} was fetched and is not here all the same"
        ))
    })
}

async fn known(engine: &Engine, image: &str) -> Result<Option<String>, Trouble> {
    let reply = engine.get(&format!("/images/{image}/json")).await?;
    match reply.status {
        200 => Ok(reply.body["Id"].as_str().map(str::to_owned)),
        404 => Ok(None),
        _ => Err(reply.refused(&format!("cannot look for the image {image}"))),
    }
}

async fn pull(engine: &Engine, image: &str, cx: &Context<'_, '_>) -> Result<(), Trouble> {
    cx.say(&format!("pulling {image}"));
    cx.status(&format!("pulling {image}"));
    let mut request = engine
        .request(Method::POST, "/images/create")
        .query(&[("fromImage", image)]);
    if let Some(header) = login::header(image, cx) {
        request = request.header("X-Registry-Auth", header);
    }
    // Fetching an image twice does no harm.
    let response = engine.send(request).await.map_err(again)?;
    if !response.status().is_success() {
        let reply = engine.whole(response).await.map_err(again)?;
        return Err(reply.refused(&format!("cannot pull {image}")));
    }
    let mut layers = Layers::default();
    let mut stream = response.bytes_stream();
    let mut open = Vec::new();
    while let Some(bytes) = stream.next().await {
        let cut = |e| {
            let why = innermost(&e);
            Trouble::Unreached(format!("the pull of {image} was cut off: {why}"))
        };
        for piece in bytes.map_err(cut)?.split_inclusive(|b| *b == b'\n') {
            open.extend_from_slice(piece);
            if open.len() > LINE_MAX {
                let why = format!(
                    "cannot pull {image}: the engine tells of it in a line of more than 1 MiB"
                );
                return Err(Trouble::Failed(why));
            }
            if piece.ends_with(b"\n") {
                layers.hear(&open, image, cx)?;
                open.clear();
            }
        }
    }
    layers.hear(&open, image, cx)
}

/// How far each layer is.
#[derive(Default)]
struct Layers(BTreeMap<String, bool>);

impl Layers {
    fn hear(&mut self, line: &[u8], image: &str, cx: &Context<'_, '_>) -> Result<(), Trouble> {
        let Ok(said) = serde_json::from_slice::<Json>(line) else {
            return Ok(());
        };
        // The status of the answer was sent before anything was known.
        let error = said["error"].as_str().or_else(|| said["message"].as_str());
        if let Some(why) = error {
            let why = format!("cannot pull {image}: {}", why.trim());
            return Err(Trouble::Failed(why));
        }
        let word = said["status"].as_str().unwrap_or_default();
        let is_layer = said["progressDetail"].is_object();
        if let Some(id) = said["id"].as_str().filter(|_| is_layer) {
            let done = ["Pull complete", "Already exists", "Download complete"].contains(&word);
            self.0.insert(id.to_owned(), done);
            let done = self.0.values().filter(|done| **done).count();
            cx.status(&format!("pulling {done} of {} layers", self.0.len()));
        }
        Ok(())
    }
}
