//! Whether AWS would make a call, by its own `DryRun`: permissions and params are checked, and nothing is done.

use serde_json::{Value as Json, json};

use super::super::call::{Answer, Context, Trouble};
use super::call::{Client, Fault};
use super::decode::Secrets;
use super::perform::Asked;
use super::session::Session;
use super::teller::Teller;
use crate::aws_model::{Effect, Operation};
use crate::workflow::AwsDoc;

/// So AWS says yes.
const WOULD: &str = "DryRunOperation";
/// It changes nothing even where nobody knows the word.
const HARMLESS: &str = "DescribeInstances";

pub(in super::super) async fn permitted(
    ask: AwsDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let asked = Asked::read(&ask, cx)?;
    let teller = Teller::Step(cx);
    let session = Session::open(&ask, asked.service, teller).await?;
    let client = Client {
        service: asked.service,
        session,
        teller,
        secrets: Secrets::Hidden,
        file: None,
    };
    client.knows_trials().await?;
    let mut params = asked.params;
    if let Json::Object(params) = &mut params {
        params.insert("DryRun".to_owned(), json!(true));
    }
    client.try_out(&asked.operation, &params).await
}

impl Client<'_, '_, '_> {
    /// What only speaks like AWS may do what it should have tried: it is asked for something harmless first.
    async fn knows_trials(&self) -> Result<(), Trouble> {
        let endpoint = self.session.endpoint.as_deref().unwrap_or_default();
        let host = endpoint.split("://").last().unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        let own = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
        let (false, Some(harmless)) =
            (endpoint.is_empty() || own, self.service.operation(HARMLESS))
        else {
            return Ok(());
        };
        let trial = json!({"DryRun": true});
        match self.call(&harmless, &trial, Effect::Reads).await {
            Err(Fault::Refused(refusal)) if refusal.code == WOULD => Ok(()),
            Err(Fault::Trouble(trouble)) => Err(trouble),
            Ok(_) | Err(Fault::Refused(_)) => Err(Trouble::Failed(format!(
                "it cannot be tried out: {host} does not know `DryRun`"
            ))),
        }
    }

    async fn try_out(&self, operation: &Operation, params: &Json) -> Result<Answer, Trouble> {
        match self.call(operation, params, Effect::Reads).await {
            Err(Fault::Refused(refusal)) if refusal.code == WOULD => Ok(Answer::new()),
            Err(Fault::Refused(refusal)) => {
                let told = self.told(operation, &refusal);
                Err(Trouble::Failed(format!("it would be refused now: {told}")))
            }
            Err(Fault::Trouble(trouble)) => Err(trouble),
            // A look whose end is unknown would be taken again.
            Ok(_) => Err(Trouble::Failed(self.placed(
                operation,
                "it was only to be tried out, and may have been done: what answers here does not know `DryRun`",
            ))),
        }
    }
}
