//! Enums whose values other systems may extend: an unknown value is kept, not refused.

/// Declares a string enum with a last variant `Other(String)` for values this version does not
/// know.
macro_rules! open_enum {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident { $( $(#[doc = $meaning:literal])+ $variant:ident = $text:literal, )+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $( $(#[doc = $meaning])+ $variant, )+
            /// A value that this version does not know, kept as it came.
            Other(String),
        }

        impl $name {
            /// Every value that this version knows.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// The meaning of each of [`Self::KNOWN`], in the same order.
            pub const MEANINGS: &'static [&'static str] = &[$(concat!($($meaning),+).trim_ascii()),+];

            /// Returns the value as it is in JSON.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let crate::json::Text(text) = serde::Deserialize::deserialize(deserializer)?;
                Ok(Self::from(text.as_ref()))
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let about = concat!(
                    $($doc,)+
                    " Open enum: readers must accept values that are not among the examples.",
                );
                let known = Self::KNOWN.iter().zip(Self::MEANINGS);
                let known = known.map(|(text, meaning)| format!("\n- `{text}`: {meaning}"));
                schemars::json_schema!({
                    "type": "string",
                    "description": about.trim().to_owned() + "\n" + &known.collect::<String>(),
                    "examples": Self::KNOWN,
                })
            }
        }
    };
}

pub(crate) use open_enum;
