//! Kinds, as the server has them: a word of kubectl or an `apiVersion` and `kind` become an address.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroup, APIResource};
use kube::api::ApiResource;
use serde_json::Value as Json;

use super::cluster::{Cluster, Kind, Thing};
use crate::attempt::call::Trouble;
use crate::workflow::Target;
use crate::yaml;

impl Cluster<'_> {
    /// `deploy/shop` in this cluster.
    pub(super) async fn target(&self, text: &str) -> Result<Thing, Trouble> {
        let target = Target::parse(text).map_err(|why| self.failed(text, &why))?;
        let kind = self.kind_called(&target).await?;
        Ok(self.thing(kind, &target.name))
    }

    /// Where a manifest belongs; `None` if the server does not know such a kind.
    pub(super) async fn place_of(&self, manifest: &Json) -> Result<Option<Thing>, Trouble> {
        let text = |path| manifest.pointer(path).and_then(Json::as_str);
        let api_version = text("/apiVersion").unwrap_or_default();
        let kind = text("/kind").unwrap_or_default();
        let name = text("/metadata/name").unwrap_or_default();
        let resources = self.resources(api_version).await?;
        let found = resources
            .iter()
            .find(|r| r.kind == kind && !r.name.contains('/'));
        let Some(found) = found.map(|r| made(api_version, r)) else {
            return Ok(None);
        };
        let mut thing = self.thing(found, name);
        if let (Some(own), true) = (text("/metadata/namespace"), thing.kind.namespaced) {
            thing.namespace = Some(own.to_owned());
        }
        Ok(Some(thing))
    }

    /// A kind of the server's own, which every server has.
    pub(super) async fn own_kind(&self, api_version: &str, plural: &str) -> Result<Kind, Trouble> {
        let resources = self.resources(api_version).await?;
        let found = resources.iter().find(|r| r.name == plural);
        found
            .map(|r| made(api_version, r))
            .ok_or_else(|| self.failed(plural, &format!("the server has none in {api_version}")))
    }

    /// What the server has in an `apiVersion`; nothing if it does not know it. It is asked once.
    pub(super) async fn resources(&self, api_version: &str) -> Result<Vec<APIResource>, Trouble> {
        if let Some(known) = self.known.borrow().get(api_version) {
            return Ok(known.clone());
        }
        let what = format!("kinds of {api_version}");
        let list = if api_version.contains('/') {
            let groups = self.groups().await?;
            let mut versions = groups.iter().flat_map(|g| &g.versions);
            if !versions.any(|v| v.group_version == api_version) {
                return Ok(Vec::new());
            }
            self.read(&what, || self.client.list_api_group_resources(api_version))
                .await?
        } else if api_version == "v1" {
            self.read(&what, || self.client.list_core_api_resources(api_version))
                .await?
        } else {
            return Ok(Vec::new());
        };
        self.known
            .borrow_mut()
            .insert(api_version.to_owned(), list.resources.clone());
        Ok(list.resources)
    }

    async fn groups(&self) -> Result<Vec<APIGroup>, Trouble> {
        let list = self
            .read("API groups", || self.client.list_api_groups())
            .await?;
        Ok(list.groups)
    }

    async fn kind_called(&self, target: &Target) -> Result<Kind, Trouble> {
        let wanted = target.plural();
        let group = target
            .kind
            .split_once('.')
            .map(|(_, group)| group.to_ascii_lowercase());
        let in_group = |name: &str| group.as_deref().is_none_or(|g| g == name);
        let mut names = Vec::new();
        if group.is_none() {
            let core = self.resources("v1").await?;
            if let Some(found) = core.iter().find(|r| is_called(r, &wanted)) {
                return Ok(made("v1", found));
            }
            names.extend(core.into_iter().map(|r| r.name));
        }
        let mut groups = self.groups().await?;
        // The events of `events.k8s.io` and the like come after what everybody means.
        groups.sort_by_key(|g| g.name != "apps" && g.name != "batch");
        for group in groups.iter().filter(|g| in_group(&g.name)) {
            for version in preferred_first(group) {
                // A group whose server is down is no reason not to find what is in another.
                let resources = self.resources(&version).await.unwrap_or_default();
                if let Some(found) = resources.iter().find(|r| is_called(r, &wanted)) {
                    return Ok(made(&version, found));
                }
                names.extend(resources.into_iter().map(|r| r.name));
            }
        }
        names.retain(|name| !name.contains('/'));
        let meant = yaml::closest(&target.kind, names.iter().map(String::as_str));
        let hint = meant.map_or_else(String::new, |name| format!("; did you mean {name}?"));
        Err(self.failed(&target.kind, &format!("the server has no such kind{hint}")))
    }
}

fn preferred_first(group: &APIGroup) -> Vec<String> {
    let preferred = group
        .preferred_version
        .as_ref()
        .map(|v| v.group_version.clone());
    let all = group.versions.iter().map(|v| v.group_version.clone());
    let rest: Vec<String> = all.filter(|v| Some(v) != preferred.as_ref()).collect();
    preferred.into_iter().chain(rest).collect()
}

fn is_called(resource: &APIResource, word: &str) -> bool {
    let short = resource.short_names.iter().flatten();
    !resource.name.contains('/')
        && (resource.name == word
            || resource.singular_name == word
            || resource.kind.to_ascii_lowercase() == word
            || short.into_iter().any(|name| name == word))
}

fn made(api_version: &str, found: &APIResource) -> Kind {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Kind {
        resource: ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: api_version.to_owned(),
            kind: found.kind.clone(),
            plural: found.name.clone(),
        },
        namespaced: found.namespaced,
    }
}
