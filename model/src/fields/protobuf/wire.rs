//! Protobuf as it is written: numbered fields, one behind the other. Mistakes are told as the code that is generated for Go
//! tells them.

/// Why a message is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mistake {
    /// In the words of the server.
    Told(String),
    /// What the server would read, and the model does not.
    NotModelled(&'static str),
}

/// What is left of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wire<'b>(&'b [u8]);

/// What stands in front of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) number: u32,
    pub(super) kind: u8,
}

/// Kinds of fields.
const VARINT: u8 = 0;
const EIGHT: u8 = 1;
pub(super) const LENGTH: u8 = 2;
const GROUP: u8 = 3;
const END: u8 = 4;
const FOUR: u8 = 5;

/// The most bytes of a number.
const LONGEST: u32 = 10;

impl<'b> Wire<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next field of a message of that name, if there is one more.
    pub(super) fn tag(&mut self, message: &str) -> Result<Option<Tag>, Mistake> {
        if self.is_empty() {
            return Ok(None);
        }
        let whole = self.varint()?;
        let tag = tag(whole);
        if tag.kind == END {
            return Err(told(format!("proto: {message}: wiretype end group for non-group")));
        }
        // Go's number of a field is signed.
        #[expect(clippy::cast_possible_wrap, reason = "as Go shows it")]
        let number = tag.number as i32;
        if number <= 0 {
            return Err(told(format!("proto: {message}: illegal tag {number} (wire type {whole})")));
        }
        Ok(Some(tag))
    }

    /// The next field of an entry of a map, whose tags nobody looks at closely.
    pub(super) fn entry_tag(&mut self) -> Result<Option<Tag>, Mistake> {
        if self.is_empty() { Ok(None) } else { self.varint().map(|whole| Some(tag(whole))) }
    }

    /// A number, as the 64 bits that it is.
    pub(super) fn varint(&mut self) -> Result<u64, Mistake> {
        let mut value = 0;
        for at in 0..LONGEST {
            let Some((first, rest)) = self.0.split_first() else { return Err(cut()) };
            self.0 = rest;
            value |= u64::from(first & 0x7f) << (7 * at);
            if *first < 0x80 {
                return Ok(value);
            }
        }
        Err(told("proto: integer overflow"))
    }

    /// The bytes behind a length.
    pub(super) fn part(&mut self) -> Result<&'b [u8], Mistake> {
        let length = self.varint()?;
        if length > i64::MAX.unsigned_abs() {
            return Err(told("proto: negative length found during unmarshaling"));
        }
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Mistake> {
        let (part, rest) = self.0.split_at_checked(length).ok_or_else(cut)?;
        self.0 = rest;
        Ok(part)
    }

    /// The number in a field.
    pub(super) fn number_of(&mut self, tag: Tag, field: &str) -> Result<u64, Mistake> {
        if tag.kind == VARINT { self.varint() } else { Err(wrong(tag, field)) }
    }

    /// The bytes in a field.
    pub(super) fn part_of(&mut self, tag: Tag, field: &str) -> Result<&'b [u8], Mistake> {
        if tag.kind == LENGTH { self.part() } else { Err(wrong(tag, field)) }
    }

    /// Leaves a field out: what a later version may have, or nobody knows.
    pub(super) fn skip(&mut self, tag: Tag) -> Result<(), Mistake> {
        let (mut kind, mut depth) = (tag.kind, 0_usize);
        loop {
            match kind {
                VARINT => drop(self.varint()?),
                EIGHT => drop(self.take(8)?),
                LENGTH => drop(self.part()?),
                GROUP => depth += 1,
                END if depth == 0 => return Err(told("proto: unexpected end of group")),
                END => depth -= 1,
                FOUR => drop(self.take(4)?),
                other => return Err(told(format!("proto: illegal wireType {other}"))),
            }
            if depth == 0 {
                return Ok(());
            }
            kind = self::tag(self.varint()?).kind;
        }
    }
}

/// A field is of another kind than it should be.
fn wrong(tag: Tag, field: &str) -> Mistake {
    told(format!("proto: wrong wireType = {} for field {field}", tag.kind))
}

pub(super) fn told(text: impl Into<String>) -> Mistake {
    Mistake::Told(text.into())
}

fn cut() -> Mistake {
    told("unexpected EOF")
}

#[expect(clippy::cast_possible_truncation, reason = "as Go takes it: what is above 32 bits is lost")]
fn tag(whole: u64) -> Tag {
    Tag { number: (whole >> 3) as u32, kind: (whole & 7) as u8 }
}
