//! Rows as JSON. Values come in PostgreSQL's binary form; what has no form here is refused with the cast to write.

use std::error::Error;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value as Json};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};

use crate::id::hex;

type Boxed = Box<dyn Error + Sync + Send>;

/// Microseconds and days from 1970 to 2000, from where PostgreSQL counts.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i64 = 10_957;

/// A map from the names of the columns. `Err` says which value cannot be shown, and what to do.
pub(in super::super) fn row(row: &Row) -> Result<Json, String> {
    let columns = row.columns().iter().enumerate();
    let cells = columns.map(|(n, column)| {
        let cell: Result<Cell, _> = row.try_get(n);
        let cell = cell.map_err(|e| {
            let why = e.source().map(ToString::to_string).unwrap_or_default();
            format!("column `{}`: {why}", column.name())
        })?;
        Ok((column.name().to_owned(), cell.0))
    });
    cells.collect::<Result<Map<_, _>, String>>().map(Json::from)
}

struct Cell(Json);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        if let Kind::Array(_) = kind.kind() {
            let cells = Vec::<Cell>::from_sql(kind, raw)?;
            return Ok(Self(cells.into_iter().map(|cell| cell.0).collect()));
        }
        value(kind, raw).map(Self)
    }

    fn from_sql_null(_: &Type) -> Result<Self, Boxed> {
        Ok(Self(Json::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn value(kind: &Type, raw: &[u8]) -> Result<Json, Boxed> {
    match kind.kind() {
        Kind::Domain(inner) => return value(inner, raw),
        Kind::Enum(_) => return text(raw),
        _ => {}
    }
    Ok(match *kind {
        Type::BOOL => Json::from(raw.first() == Some(&1)),
        Type::INT2 => Json::from(i16::from_be_bytes(raw.try_into()?)),
        Type::INT4 => Json::from(i32::from_be_bytes(raw.try_into()?)),
        Type::INT8 => Json::from(i64::from_be_bytes(raw.try_into()?)),
        Type::OID | Type::XID => Json::from(u32::from_be_bytes(raw.try_into()?)),
        Type::XID8 => Json::from(u64::from_be_bytes(raw.try_into()?)),
        Type::FLOAT4 => float(f64::from(f32::from_be_bytes(raw.try_into()?))),
        Type::FLOAT8 => float(f64::from_be_bytes(raw.try_into()?)),
        Type::NUMERIC => numeric(raw)?,
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::UNKNOWN
        | Type::CHAR
        | Type::XML => text(raw)?,
        Type::JSON => serde_json::from_slice(raw)?,
        Type::JSONB => serde_json::from_slice(raw.get(1..).unwrap_or_default())?,
        Type::UUID => Json::from(uuid(raw)),
        Type::BYTEA => Json::from(format!("\\x{}", hex(raw))),
        Type::VOID => Json::Null,
        Type::PG_LSN => {
            let lsn = u64::from_be_bytes(raw.try_into()?);
            Json::from(format!("{:X}/{:X}", lsn >> 32, lsn & 0xFFFF_FFFF))
        }
        Type::TIMESTAMPTZ => moment(i64::from_be_bytes(raw.try_into()?), "Z")?,
        Type::TIMESTAMP => moment(i64::from_be_bytes(raw.try_into()?), "")?,
        Type::DATE => date(i32::from_be_bytes(raw.try_into()?))?,
        ref other => {
            let message = format!("values of type {other} cannot be shown; write it with ::text");
            return Err(message.into());
        }
    })
}

fn text(raw: &[u8]) -> Result<Json, Boxed> {
    Ok(Json::from(std::str::from_utf8(raw)?))
}

/// JSON has no NaN and no infinity.
fn float(number: f64) -> Json {
    Number::from_f64(number).map_or_else(|| Json::from(number.to_string()), Json::from)
}

/// A number where that loses nothing, else a text.
fn numeric(raw: &[u8]) -> Result<Json, Boxed> {
    let text = numeric_text(raw)?;
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(Json::from(whole));
    }
    let digits = text.trim_end_matches('0');
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
    Ok(
        match number.filter(|n| n.to_string() == digits.trim_end_matches('.')) {
            Some(number) => float(number),
            None => Json::from(text),
        },
    )
}

/// Groups of four digits, the first of the weight 10000^weight.
fn numeric_text(raw: &[u8]) -> Result<String, Boxed> {
    const NEGATIVE: i16 = 0x4000;
    const SPECIAL: [(u16, &str); 3] =
        [(0xC000, "NaN"), (0xD000, "Infinity"), (0xF000, "-Infinity")];
    let parts: Vec<i16> = raw
        .chunks_exact(2)
        .map(|b| i16::from_be_bytes([b[0], b[1]]))
        .collect();
    let [_, weight, sign, scale, groups @ ..] = parts.as_slice() else {
        return Err("this is not a number".into());
    };
    if let Some((_, word)) = SPECIAL
        .iter()
        .find(|(mark, _)| *mark == sign.cast_unsigned())
    {
        return Ok((*word).to_owned());
    }
    let group = |n: i16| {
        let n = usize::try_from(n).ok();
        n.and_then(|n| groups.get(n)).copied().unwrap_or(0)
    };
    let digits = |groups: std::ops::RangeInclusive<i16>| {
        groups.fold(String::new(), |mut text, n| {
            let _ = write!(text, "{:04}", group(n));
            text
        })
    };
    let mut whole = digits(0..=*weight).trim_start_matches('0').to_owned();
    if whole.is_empty() {
        whole.push('0');
    }
    let scale = usize::try_from(*scale)?;
    let count = i16::try_from(scale.div_ceil(4))?;
    let fraction = digits(weight + 1..=weight + count);
    let sign = if *sign == NEGATIVE { "-" } else { "" };
    if scale == 0 {
        return Ok(format!("{sign}{whole}"));
    }
    Ok(format!("{sign}{whole}.{}", &fraction[..scale]))
}

fn moment(micros: i64, zone: &str) -> Result<Json, Boxed> {
    match micros {
        i64::MAX => return Ok(Json::from("infinity")),
        i64::MIN => return Ok(Json::from("-infinity")),
        _ => {}
    }
    let micros = micros
        .checked_add(EPOCH_MICROS)
        .ok_or("this moment is too far away")?;
    let text = jiff::Timestamp::from_microsecond(micros)?.to_string();
    Ok(Json::from(format!("{}{zone}", text.trim_end_matches('Z'))))
}

fn date(days: i32) -> Result<Json, Boxed> {
    match days {
        i32::MAX => return Ok(Json::from("infinity")),
        i32::MIN => return Ok(Json::from("-infinity")),
        _ => {}
    }
    let seconds = (i64::from(days) + EPOCH_DAYS) * 86_400;
    let text = jiff::Timestamp::from_second(seconds)?.to_string();
    Ok(Json::from(text.split('T').next().unwrap_or_default()))
}

fn uuid(raw: &[u8]) -> String {
    let mut text = hex(raw);
    for at in [20, 16, 12, 8] {
        if text.is_char_boundary(at) && at < text.len() {
            text.insert(at, '-');
        }
    }
    text
}
