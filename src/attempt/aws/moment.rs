//! Moments as services write and read them. Between the services and us they are RFC 3339 texts.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

/// How a moment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Iso,
    /// Of mail and HTTP: `Tue, 24 Nov 2026 18:00:00 GMT`.
    Mail,
    /// Seconds since 1970.
    Seconds,
}

impl Format {
    pub(super) fn named(name: Option<&str>, otherwise: Self) -> Self {
        match name {
            Some("iso8601") => Self::Iso,
            Some("rfc822") => Self::Mail,
            Some("unixTimestamp") => Self::Seconds,
            _ => otherwise,
        }
    }
}

/// `None` if it is no moment: a text of RFC 3339, a day, or seconds since 1970.
pub(super) fn read(value: &Json) -> Option<Timestamp> {
    match value {
        Json::Number(number) => {
            // A double tells microseconds of our century, and no more.
            let micros = number.as_f64()? * 1e6;
            Timestamp::from_microsecond(micros.round() as i64).ok()
        }
        Json::String(text) => text.parse().ok().or_else(|| {
            let day: Date = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
        }),
        _ => None,
    }
}

/// As JSON: a number for seconds, a text otherwise.
pub(super) fn write(moment: Timestamp, format: Format) -> Json {
    let utc = moment.to_zoned_datetime(TimeZone::UTC);
    match format {
        Format::Iso => utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into(),
        Format::Mail => utc.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string().into(),
        Format::Seconds if moment.subsec_nanosecond() == 0 => moment.as_second().into(),
        Format::Seconds => (moment.as_nanosecond() as f64 / 1e9).into(),
    }
}

/// What a service wrote, as RFC 3339; what is no moment stays as it is.
pub(super) fn plain(value: &Json) -> Json {
    let number = value.as_str().and_then(|text| text.parse::<f64>().ok());
    let read = match (value, number) {
        (_, Some(seconds)) => read(&seconds.into()),
        (Json::String(text), None) => read(value).or_else(|| mail(text)),
        _ => read(value),
    };
    read.map_or_else(|| value.clone(), |moment| moment.to_string().into())
}

fn mail(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix(" GMT").unwrap_or(text);
    let moment = jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S", text).ok()?;
    TimeZone::UTC.to_timestamp(moment).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn there_and_back() {
        let moment = read(&json!("2026-11-24T18:00:00Z")).unwrap();
        for (format, text) in [
            (Format::Iso, json!("2026-11-24T18:00:00Z")),
            (Format::Mail, json!("Tue, 24 Nov 2026 18:00:00 GMT")),
            (Format::Seconds, json!(1_795_543_200)),
        ] {
            assert_eq!(write(moment, format), text);
            assert_eq!(plain(&text), json!("2026-11-24T18:00:00Z"), "{text}");
        }
        assert_eq!(
            plain(&json!(1_795_543_200.25)),
            json!("2026-11-24T18:00:00.25Z")
        );
        assert_eq!(plain(&json!("soon")), json!("soon"));
        assert_eq!(
            read(&json!("2026-11-24")).unwrap().as_second(),
            1_795_478_400
        );
    }
}
