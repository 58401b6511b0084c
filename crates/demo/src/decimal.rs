//! Exact decimals for rates and amounts: parsing, multiplying, dividing with a stated rounding, printing as JSON.
//!
//! No binary fraction is involved anywhere, so an answer can be checked with pencil and paper.

use std::fmt;

use serde_json::{Number, Value};

/// A decimal of at least zero: `units` times ten to the minus `scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    units: u128,
    scale: u32,
}

/// How a quotient is rounded; always half up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rounding {
    /// To this many digits after the point.
    Places(u32),
    /// To this many significant digits; an integer part longer than that is kept whole.
    Digits(u32),
}

impl Decimal {
    pub(crate) const ONE: Self = Self { units: 1, scale: 0 };

    pub(crate) const fn new(units: u128, scale: u32) -> Self {
        Self { units, scale }
    }

    /// Reads `12` or `12.50`: at most twelve digits before the point and six after it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = !whole.is_empty() && whole.len() <= 12 && fraction.len() <= 6;
        if !fits || !digits_only(whole) || !digits_only(fraction) {
            return None;
        }
        let units = format!("{whole}{fraction}").parse().ok()?;
        Some(Self {
            units,
            scale: u32::try_from(fraction.len()).ok()?,
        })
    }

    pub(crate) fn is_zero(self) -> bool {
        self.units == 0
    }

    /// The number in units of ten to the minus `places`, if it has no finer digits.
    pub(crate) fn in_units_of(self, places: u32) -> Option<u128> {
        if let Some(missing) = places.checked_sub(self.scale) {
            return self.units.checked_mul(10_u128.checked_pow(missing)?);
        }
        let finer = 10_u128.checked_pow(self.scale - places)?;
        self.units.is_multiple_of(finer).then(|| self.units / finer)
    }

    pub(crate) fn checked_mul(self, other: Self) -> Option<Self> {
        Some(Self {
            units: self.units.checked_mul(other.units)?,
            scale: self.scale + other.scale,
        })
    }

    /// Divides exactly and then rounds once; nothing when the numbers are too large or the divisor is zero.
    pub(crate) fn checked_div(self, by: Self, rounding: Rounding) -> Option<Self> {
        let over = self.units.checked_mul(10_u128.checked_pow(by.scale)?)?;
        let under = by.units.checked_mul(10_u128.checked_pow(self.scale)?)?;
        if under == 0 {
            return None;
        }
        let places = match rounding {
            Rounding::Places(places) => places,
            Rounding::Digits(digits) => places_for(over, under, digits)?,
        };
        let enlarged = over.checked_mul(10_u128.checked_pow(places)?)?;
        let units = enlarged.checked_add(under / 2)? / under;
        Some(Self { units, scale: places })
    }

    /// The JSON number with exactly these digits.
    pub(crate) fn to_json(self) -> Value {
        let number: Number = self
            .to_string()
            .parse()
            .expect("digits with a point inside are a JSON number");
        Value::Number(number)
    }

    /// Without zeros at the end of the fraction.
    pub(crate) fn trimmed(mut self) -> Self {
        while self.scale > 0 && self.units.is_multiple_of(10) {
            self.units /= 10;
            self.scale -= 1;
        }
        self
    }
}

/// How many places give `over / under` at least `digits` significant digits.
fn places_for(over: u128, under: u128, digits: u32) -> Option<u32> {
    let enough = under.checked_mul(10_u128.checked_pow(digits.checked_sub(1)?)?)?;
    let mut places = 0;
    let mut enlarged = over;
    while enlarged < enough && over > 0 {
        enlarged = enlarged.checked_mul(10)?;
        places += 1;
    }
    Some(places)
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            return write!(f, "{}", self.units);
        }
        let width = self.scale as usize + 1;
        let digits = format!("{:0>width$}", self.units);
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        write!(f, "{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_plain_decimals_only() {
        #[track_caller]
        fn case(text: &str, expected: Option<&str>) {
            assert_eq!(
                Decimal::parse(text).map(|decimal| decimal.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
        case("0", Some("0"));
        case("12.50", Some("12.50"));
        case("0.05", Some("0.05"));
        case("999999999999.999999", Some("999999999999.999999"));
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1,5",
            "1 ",
            "0x1",
            "1234567890123",
            "0.1234567",
            "٣",
        ] {
            case(bad, None);
        }
    }

    #[test]
    fn divides_exactly_and_rounds_half_up() {
        #[track_caller]
        fn case(over: &str, under: &str, rounding: Rounding, expected: &str) {
            let quotient = Decimal::parse(over)
                .unwrap()
                .checked_div(Decimal::parse(under).unwrap(), rounding);
            assert_eq!(quotient.unwrap().to_string(), expected, "{over} / {under}");
        }
        case("1", "8", Rounding::Places(2), "0.13");
        case("1", "3", Rounding::Places(4), "0.3333");
        case("2", "3", Rounding::Digits(6), "0.666667");
        case("1", "1117.2", Rounding::Digits(6), "0.000895095");
        case("20275.17", "1.1172", Rounding::Digits(6), "18148.2");
        case("1234567", "1", Rounding::Digits(6), "1234567");
        case("0", "3", Rounding::Digits(6), "0");
        case("0.005", "1", Rounding::Places(2), "0.01");
        assert!(
            Decimal::ONE
                .checked_div(Decimal::new(0, 3), Rounding::Places(2))
                .is_none()
        );
    }

    #[test]
    fn knows_its_hundredths() {
        assert_eq!(Decimal::parse("12.5").unwrap().in_units_of(2), Some(1250));
        assert_eq!(Decimal::parse("12.500").unwrap().in_units_of(2), Some(1250));
        assert_eq!(Decimal::parse("12.505").unwrap().in_units_of(2), None);
        assert_eq!(Decimal::new(1250, 2).trimmed().to_string(), "12.5");
        assert_eq!(Decimal::new(100, 2).trimmed().to_string(), "1");
    }
}
