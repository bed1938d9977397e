//! Whether the user may do what a step asks for, as `kubectl auth can-i` finds it out. Nothing is changed.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::{Api, PostParams};

use super::cluster::Cluster;
use super::rights::{Right, rights};
use crate::attempt::call::{Answer, Context, Trouble};
use crate::workflow::KubernetesDoc;

/// Of a question without a verb, only whether the cluster knows who asks.
pub(in crate::attempt) async fn permitted(
    ask: KubernetesDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let cluster = Cluster::new(&ask, cx).await?;
    // Anybody may ask what he may, so that what is refused here is the login.
    is_allowed(&cluster, &Right::default()).await?;
    let mut missing = Vec::new();
    for right in rights(&cluster, &ask).await? {
        if !is_allowed(&cluster, &right).await? {
            missing.push(right.to_string());
        }
    }
    if missing.is_empty() {
        return Ok(Answer::new());
    }
    Err(Trouble::Failed(format!(
        "{}: user {} may not {}; ask who administers the cluster to allow it",
        cluster.who.place(),
        cluster.who.user,
        missing.join(", "),
    )))
}

async fn is_allowed(cluster: &Cluster<'_>, right: &Right) -> Result<bool, Trouble> {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: text(right.verb),
                group: text(&right.group),
                resource: text(&right.plural),
                subresource: text(right.part),
                namespace: right.namespace.clone(),
                name: text(&right.name),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let api: Api<SelfSubjectAccessReview> = Api::all(cluster.client.clone());
    let params = PostParams::default();
    // It is no thing that is made: asking again is harmless.
    let answer = cluster.read("permissions", || api.create(&params, &review));
    Ok(answer.await?.status.is_some_and(|status| status.allowed))
}
