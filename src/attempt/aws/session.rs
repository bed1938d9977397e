//! Who asks, and of which region: the user's own credentials and configuration, found as the `aws` command line finds them.

use std::cell::RefCell;
use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::service_config::ServiceConfigKey;

use super::super::call::Trouble;
use super::teller::Teller;
use crate::aws_model::Service;
use crate::workflow::AwsDoc;

/// Credentials that end sooner are asked for anew.
const FRESH: Duration = Duration::from_mins(2);

pub(super) struct Session {
    pub(super) region: String,
    /// The profile that was said, if one was.
    pub(super) profile: Option<String>,
    /// An endpoint other than AWS's own.
    pub(super) endpoint: Option<String>,
    provider: SharedCredentialsProvider,
    current: RefCell<Option<Credentials>>,
    /// Where credentials were looked for, in words.
    places: String,
}

impl Session {
    pub(super) async fn open(
        who: &AwsDoc,
        service: &Service,
        teller: Teller<'_, '_, '_>,
    ) -> Result<Self, Trouble> {
        let profile = who
            .profile
            .clone()
            .or_else(|| teller.env("AWS_PROFILE"))
            .filter(|p| !p.is_empty());
        let region = said(who.region.clone())
            .or_else(|| said(teller.env("AWS_REGION")))
            .or_else(|| said(teller.env("AWS_DEFAULT_REGION")));
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = &profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &region {
            loader = loader.region(Region::new(region.clone()));
        }
        let config = loader.load().await;
        let region = region.or_else(|| config.region().map(ToString::to_string));
        let Some(region) = region else {
            let why =
                "no region is said: add `region`, or set AWS_REGION, or `region` of the profile";
            return Err(Trouble::Failed(why.to_owned()));
        };
        let endpoint = endpoint(who, service, &config, teller);
        if config.use_fips() == Some(true) && endpoint.is_none() {
            let why = "FIPS endpoints are demanded (AWS_USE_FIPS_ENDPOINT), which are not known here: say the `endpoint`";
            return Err(Trouble::Failed(why.to_owned()));
        }
        let asking = Region::new(region.clone());
        let (provider, places) = provider(who, asking, profile.as_deref(), &config, teller).await;
        Ok(Self {
            region,
            endpoint,
            profile,
            provider,
            current: RefCell::default(),
            places,
        })
    }

    /// Those of now; short-lived ones are asked for again before they end.
    pub(super) async fn credentials(&self) -> Result<Credentials, Trouble> {
        let kept = self.current.borrow().clone().filter(|one| {
            one.expiry()
                .is_none_or(|end| end > SystemTime::now() + FRESH)
        });
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let found = self.provider.provide_credentials().await;
        let found = found.map_err(|error| self.trouble(&error))?;
        *self.current.borrow_mut() = Some(found.clone());
        Ok(found)
    }

    fn trouble(&self, error: &CredentialsError) -> Trouble {
        let why = reasons(error);
        let is_login = ["expired", "sso", "InvalidGrant", "refresh"]
            .iter()
            .any(|word| why.contains(word));
        let profile = self.profile.as_deref().unwrap_or("default");
        let text = match error {
            CredentialsError::CredentialsNotLoaded(_) => {
                let places = &self.places;
                format!("no AWS credentials were found; looked at {places} ({why})")
            }
            _ => format!("cannot get AWS credentials of profile `{profile}`: {why}"),
        };
        let advice = if is_login {
            format!("; log in: `aws sso login --profile {profile}`")
        } else {
            String::new()
        };
        match error {
            CredentialsError::ProviderTimedOut(_) => Trouble::Unreached(text + &advice),
            _ => Trouble::Failed(text + &advice),
        }
    }
}

fn said(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.trim().is_empty())
}

/// A profile that the workflow names is taken at its word; keys of the environment win over one that the environment names.
async fn provider(
    who: &AwsDoc,
    region: Region,
    profile: Option<&str>,
    config: &SdkConfig,
    teller: Teller<'_, '_, '_>,
) -> (SharedCredentialsProvider, String) {
    if let Some(profile) = &who.profile {
        // Where its role is asked for, if it has one.
        let place = ProviderConfig::without_region().with_region(Some(region));
        let provider = ProfileFileCredentialsProvider::builder()
            .configure(&place)
            .profile_name(profile)
            .build();
        return (
            SharedCredentialsProvider::new(provider),
            format!("profile `{profile}`"),
        );
    }
    let keys = said(teller.env("AWS_ACCESS_KEY_ID")).zip(said(teller.env("AWS_SECRET_ACCESS_KEY")));
    if let Some((id, secret)) = keys {
        let token = said(teller.env("AWS_SESSION_TOKEN"));
        let keys = Credentials::new(id, secret, token, None, "environment");
        return (
            SharedCredentialsProvider::new(keys),
            "the environment".to_owned(),
        );
    }
    let is_off = teller
        .env("AWS_EC2_METADATA_DISABLED")
        .is_some_and(|word| word.eq_ignore_ascii_case("true"));
    let metadata = if is_off {
        "instance metadata is turned off"
    } else {
        "instance metadata"
    };
    let named = profile.unwrap_or("default");
    let places = format!(
        "AWS_ACCESS_KEY_ID, profile `{named}` of the files in ~/.aws, a web identity, a container's credentials; {metadata}"
    );
    let ready = config
        .credentials_provider()
        .filter(|_| !is_off || metadata_is_off_for_all());
    let provider = match ready {
        Some(provider) => provider,
        None => without_metadata(profile, config).await,
    };
    (provider, places)
}

fn metadata_is_off_for_all() -> bool {
    std::env::var("AWS_EC2_METADATA_DISABLED").is_ok_and(|word| word.eq_ignore_ascii_case("true"))
}

/// The usual chain, whose way to the instance's metadata leads nowhere: the step said that it must not be asked.
async fn without_metadata(profile: Option<&str>, config: &SdkConfig) -> SharedCredentialsProvider {
    let mut chain = DefaultCredentialsChain::builder();
    if let Some(region) = config.region() {
        chain = chain.region(region.clone());
    }
    if let Some(profile) = profile {
        chain = chain.profile_name(profile);
    }
    let nowhere = aws_config::imds::Client::builder()
        .max_attempts(1)
        .endpoint("http://127.0.0.1:9");
    if let Ok(nowhere) = nowhere {
        chain = chain.imds_client(nowhere.build());
    }
    SharedCredentialsProvider::new(chain.build().await)
}

/// The step's own word, then the environment's, then that of the configuration file: of the service, then of all.
fn endpoint(
    who: &AwsDoc,
    service: &Service,
    config: &SdkConfig,
    teller: Teller<'_, '_, '_>,
) -> Option<String> {
    if let Some(own) = said(who.endpoint.clone()) {
        return Some(own);
    }
    let ignored = teller.env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if ignored.is_some_and(|word| word.eq_ignore_ascii_case("true")) {
        return None;
    }
    let id = &service.facts().id;
    let variable = format!(
        "AWS_ENDPOINT_URL_{}",
        id.to_uppercase().replace([' ', '-'], "_")
    );
    let of_file = || {
        let key = ServiceConfigKey::builder();
        let key = key
            .service_id(id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        config.service_config()?.load_config(key.ok()?)
    };
    said(teller.env(&variable))
        .or_else(|| said(teller.env("AWS_ENDPOINT_URL")))
        .or_else(of_file)
}

/// All causes, in one line.
fn reasons(error: &dyn Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(one) = next {
        let text = one.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        next = one.source();
    }
    texts.join(": ")
}
