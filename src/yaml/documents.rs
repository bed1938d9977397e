//! Files of other programs that may hold several documents, read as kubectl and its kin read them: by YAML 1.1, where `0644` is
//! an octal number, `yes` is true and `<<` takes another map in. Our own files are read by the stricter rules of `scan`.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use serde_json::{Map, Number, Value as Json};

/// Larger files are refused.
pub const DOCUMENTS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A schema of a custom resource goes deep.
const DEPTH_MAX: usize = 200;
/// Values that all aliases together may add.
const REPEATED_MAX: usize = 200_000;

/// All documents of a text; empty ones are left out. `Err` has the line and what is wrong there.
pub fn documents(text: &str) -> Result<Vec<Json>, String> {
    if text.len() > DOCUMENTS_BYTES_MAX {
        let most = DOCUMENTS_BYTES_MAX / (1024 * 1024);
        return Err(format!("it has more than {most} MiB"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::default();
    let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) =
            event.map_err(|e| format!("line {}: {}", e.marker().line(), e.info()))?;
        reader
            .event(event)
            .map_err(|why| format!("line {}: {why}", span.start.line()))?;
    }
    Ok(reader.done)
}

#[derive(Default)]
struct Reader {
    done: Vec<Json>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Json, usize)>,
    repeated: usize,
}

/// A list or map that has begun.
struct Open {
    anchor: usize,
    /// Values inside, for the limit of aliases.
    weight: usize,
    what: Inside,
}

enum Inside {
    List(Vec<Json>),
    Map {
        entries: Map<String, Json>,
        /// The maps that `<<` took in; what is written wins over them.
        merged: Vec<Json>,
        key: Option<Key>,
    },
}

enum Key {
    Named(String),
    Merge,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.takes_key() {
                    return self.key(&text, style);
                }
                let value = scalar(&text, style, tag.as_deref())?;
                self.value(value, anchor, 1)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let (value, weight) = known.ok_or("an alias of what has not ended")?;
                self.repeated += weight;
                if self.repeated > REPEATED_MAX {
                    return Err("its aliases stand for too much".to_owned());
                }
                if self.takes_key() {
                    let text = value.as_str().ok_or("a key must be a text")?;
                    return self.key(text, ScalarStyle::DoubleQuoted);
                }
                self.value(value, 0, weight)
            }
            Event::SequenceStart(anchor, _) => self.begin(anchor, Inside::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                let (entries, merged) = (Map::new(), Vec::new());
                self.begin(
                    anchor,
                    Inside::Map {
                        entries,
                        merged,
                        key: None,
                    },
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            _ => Ok(()),
        }
    }

    fn takes_key(&self) -> bool {
        let last = self.open.last().map(|open| &open.what);
        matches!(last, Some(Inside::Map { key: None, .. }))
    }

    fn key(&mut self, text: &str, style: ScalarStyle) -> Result<(), String> {
        let Some(Inside::Map { entries, key, .. }) = self.open.last_mut().map(|o| &mut o.what)
        else {
            return Err("a key outside of a map".to_owned());
        };
        if text == "<<" && style == ScalarStyle::Plain {
            *key = Some(Key::Merge);
            return Ok(());
        }
        if entries.contains_key(text) {
            return Err(format!("`{text}` stands twice in one map"));
        }
        *key = Some(Key::Named(text.to_owned()));
        Ok(())
    }

    fn begin(&mut self, anchor: usize, what: Inside) -> Result<(), String> {
        if self.takes_key() {
            return Err("a key must be a text".to_owned());
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(format!(
                "more than {DEPTH_MAX} lists and maps in one another"
            ));
        }
        self.open.push(Open {
            anchor,
            weight: 1,
            what,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(open) = self.open.pop() else {
            return Err("an end without a beginning".to_owned());
        };
        let value = match open.what {
            Inside::List(items) => Json::Array(items),
            Inside::Map {
                mut entries,
                merged,
                ..
            } => {
                for map in merged {
                    take_in(&mut entries, map)?;
                }
                Json::Object(entries)
            }
        };
        self.value(value, open.anchor, open.weight)
    }

    fn value(&mut self, value: Json, anchor: usize, weight: usize) -> Result<(), String> {
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), weight));
        }
        let Some(open) = self.open.last_mut() else {
            if !value.is_null() {
                self.done.push(value);
            }
            return Ok(());
        };
        open.weight += weight;
        match &mut open.what {
            Inside::List(items) => items.push(value),
            Inside::Map {
                entries,
                merged,
                key,
            } => match key.take() {
                Some(Key::Named(name)) => {
                    entries.insert(name, value);
                }
                Some(Key::Merge) => merged.push(value),
                None => return Err("a value without a key".to_owned()),
            },
        }
        Ok(())
    }
}

fn take_in(entries: &mut Map<String, Json>, merged: Json) -> Result<(), String> {
    match merged {
        Json::Object(map) => {
            for (key, value) in map {
                entries.entry(key).or_insert(value);
            }
            Ok(())
        }
        Json::Array(maps) => maps.into_iter().try_for_each(|map| take_in(entries, map)),
        _ => Err("`<<` takes a map in".to_owned()),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Json, String> {
    let core = tag.filter(|tag| tag.is_yaml_core_schema());
    match core.map(|tag| tag.suffix.as_str()) {
        Some("str" | "binary") => return Ok(Json::String(text.to_owned())),
        _ if style != ScalarStyle::Plain => return Ok(Json::String(text.to_owned())),
        _ => {}
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Json::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Json::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "-.inf" | "-.Inf" | "-.INF" => {
            return Err(format!("`{text}` is no number that can be sent"));
        }
        _ => number(text).map_or_else(|| Json::String(text.to_owned()), Json::Number),
    })
}

fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let plain = unsigned.replace('_', "");
    let negative = text.starts_with('-');
    let whole = |digits: &str, radix| {
        let size = u64::from_str_radix(digits, radix).ok()?;
        if negative {
            return i64::try_from(size).ok().map(|size| Number::from(-size));
        }
        Some(Number::from(size))
    };
    if let Some(digits) = plain.strip_prefix("0x") {
        return whole(digits, 16);
    }
    if let Some(digits) = plain.strip_prefix("0b") {
        return whole(digits, 2);
    }
    if let Some(digits) = plain.strip_prefix("0o") {
        return whole(digits, 8);
    }
    if plain.len() > 1 && plain.bytes().all(|b| matches!(b, b'0'..=b'7')) && plain.starts_with('0')
    {
        return whole(&plain, 8);
    }
    if plain.bytes().all(|b| b.is_ascii_digit()) {
        return whole(&plain, 10);
    }
    let float_like = plain
        .bytes()
        .all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    let size: f64 = float_like.then(|| plain.parse().ok()).flatten()?;
    Number::from_f64(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;

    use super::documents;

    #[test]
    fn several_documents_are_read_as_kubectl_reads_them() {
        let text = "a: 0644\nb: '0644'\nc: yes\n---\n# nothing\n---\n- 1.5\n- 1e3\n- 1.2.3\n- -7\n- 0x1F\n- ~\n";
        let expected = vec![
            json!({"a": 420, "b": "0644", "c": true}),
            json!([1.5, 1000.0, "1.2.3", -7, 31, null]),
        ];
        assert_eq!(documents(text), Ok(expected));
    }

    #[test]
    fn what_is_written_wins_over_what_is_taken_in() {
        let text = "base: &b {x: 1, y: 2}\nreal:\n  y: 3\n  <<: *b\n";
        let expected = json!({"base": {"x": 1, "y": 2}, "real": {"y": 3, "x": 1}});
        assert_eq!(documents(text), Ok(vec![expected]));
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (text, line, told) in [
            ("a: 1\na: 2\n", "line 2", "twice"),
            ("a: [1\nb: 2\n", "line", ""),
            ("a:\n  x: .nan\n", "line 2", "no number"),
        ] {
            let why = documents(text).unwrap_err();
            assert!(why.starts_with(line) && why.contains(told), "{why}");
        }
    }

    #[test]
    fn a_text_that_stands_for_gigabytes_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..9 {
            let row = vec![format!("*a{}", n - 1); 10].join(", ");
            writeln!(text, "a{n}: &a{n} [{row}]").unwrap();
        }
        assert!(documents(&text).unwrap_err().contains("too much"));
    }
}
