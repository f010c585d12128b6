//! Instants as a caller writes them: RFC 3339, or whole seconds from the start of the horizon.

use jiff::Timestamp;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::limits::MAX_TIME_S;
use crate::units::Seconds;

/// An instant in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// `"2026-03-02T06:30:00Z"`
    Absolute(Timestamp),
    /// Seconds from the start of the horizon.
    Offset(i64),
}

impl Default for Time {
    /// The start of the horizon.
    fn default() -> Self {
        Self::Offset(0)
    }
}

/// Why an instant cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// RFC 3339 without an instant to count from.
    #[error("{0} is an absolute time, and the document has no horizon_start to count it from")]
    NoHorizonStart(Timestamp),
    /// Before time zero.
    #[error("{} s before the start of the horizon", -.0)]
    BeforeHorizon(i64),
    /// Further than [`MAX_TIME_S`].
    #[error("{0} s after the start of the horizon, further than the {MAX_TIME_S} s allowed")]
    TooFar(i64),
    /// A fraction of a second.
    #[error("{0} is not a whole second")]
    Fraction(Timestamp),
}

impl TimeError {
    /// What would mend it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::NoHorizonStart(_) => "add horizon_start, or give whole seconds from the start of the horizon",
            Self::BeforeHorizon(_) => "move horizon_start to the earliest time in the document or before",
            Self::TooFar(_) => "move horizon_start closer, or plan a shorter horizon",
            Self::Fraction(_) => "round it to a second",
        }
    }
}

impl Time {
    /// As seconds from `origin`.
    pub fn after(self, origin: Option<Timestamp>) -> Result<Seconds, TimeError> {
        match self.from_origin(origin)? {
            seconds @ ..0 => Err(TimeError::BeforeHorizon(seconds)),
            seconds => Ok(Seconds(seconds)),
        }
    }

    /// As seconds from `origin`, below zero for what was before.
    pub fn from_origin(self, origin: Option<Timestamp>) -> Result<i64, TimeError> {
        let seconds = match self {
            Self::Offset(seconds) => seconds,
            Self::Absolute(instant) => {
                let origin = origin.ok_or(TimeError::NoHorizonStart(instant))?;
                if instant.subsec_nanosecond() != 0 {
                    return Err(TimeError::Fraction(instant));
                }
                instant.as_second() - origin.as_second()
            }
        };
        match seconds {
            ..0 if seconds < -MAX_TIME_S => Err(TimeError::BeforeHorizon(seconds)),
            ..=MAX_TIME_S => Ok(seconds),
            _ => Err(TimeError::TooFar(seconds)),
        }
    }

    /// The instant `seconds` after `origin`, written as RFC 3339 where there is an origin.
    pub fn from_seconds(seconds: Seconds, origin: Option<Timestamp>) -> Self {
        let absolute =
            origin.and_then(|origin| Timestamp::from_second(origin.as_second().checked_add(seconds.0)?).ok());
        absolute.map_or(Self::Offset(seconds.0), Self::Absolute)
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absolute(instant) => instant.fmt(f),
            Self::Offset(seconds) => seconds.fmt(f),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absolute(instant) => serializer.collect_str(instant),
            Self::Offset(seconds) => serializer.serialize_i64(*seconds),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimeVisitor;
        impl Visitor<'_> for TimeVisitor {
            type Value = Time;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(
                    "an RFC 3339 time such as \"2026-03-02T06:30:00Z\", or whole seconds from the start of the horizon",
                )
            }
            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Time, E> {
                Ok(Time::Offset(seconds))
            }
            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Time, E> {
                i64::try_from(seconds)
                    .map(Time::Offset)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(seconds), &self))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                text.parse().map(Time::Absolute).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(TimeVisitor)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Time {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, Type};
        OneOfBuilder::new()
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                    .description(Some("RFC 3339; needs horizon_start")),
            )
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .description(Some("whole seconds from the start of the horizon")),
            )
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(json: &str) -> Time {
        serde_json::from_str(json).expect("a time")
    }

    #[test]
    fn both_forms_mean_the_same_instant() {
        let origin = Some("2026-03-02T00:00:00Z".parse().expect("a timestamp"));
        assert_eq!(time("\"2026-03-02T06:30:00+02:00\"").after(origin), Ok(Seconds(4 * 3600 + 1800)));
        assert_eq!(time("16200").after(origin), Ok(Seconds(16200)));
        assert_eq!(Time::from_seconds(Seconds(60), origin).to_string(), "2026-03-02T00:01:00Z");
        assert_eq!(Time::from_seconds(Seconds(60), None), Time::Offset(60));
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let origin = Some("2026-03-02T00:00:00Z".parse().expect("a timestamp"));
        assert!(matches!(time("\"2026-03-02T06:30:00Z\"").after(None), Err(TimeError::NoHorizonStart(_))));
        assert!(matches!(time("\"2026-03-02T06:30:00.5Z\"").after(origin), Err(TimeError::Fraction(_))));
        assert_eq!(time("-1").after(origin), Err(TimeError::BeforeHorizon(-1)));
        assert_eq!(time("9000000000000000000").after(None), Err(TimeError::TooFar(9_000_000_000_000_000_000)));
        for broken in ["18446744073709551615", "1.5", "\"tomorrow\"", "null", "[]"] {
            assert!(serde_json::from_str::<Time>(broken).is_err(), "{broken}");
        }
    }
}
