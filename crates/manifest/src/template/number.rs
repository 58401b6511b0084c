//! Arithmetic and comparison of JSON numbers: integers exactly, everything
//! else as 64-bit floats. A number that is only passed on never comes here.

use std::cmp::Ordering;

use serde_json::Number;

use super::expression::Arithmetic;

/// A number to compute with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Num {
    Int(i128),
    Float(f64),
}

impl Num {
    /// Reads a JSON number. An integer that no 128 bits hold becomes a float.
    pub(super) fn of(number: &Number) -> Num {
        let digits = number.as_str();
        match digits.parse::<i128>() {
            Ok(int) => Num::Int(int),
            Err(_) => Num::Float(digits.parse().unwrap_or(f64::NAN)),
        }
    }

    /// The JSON number, unless it is infinite or not a number.
    pub(super) fn into_json(self) -> Result<Number, String> {
        let number = match self {
            Num::Int(int) => Number::from_i128(int),
            Num::Float(float) => Number::from_f64(float),
        };
        number.ok_or_else(|| "the result is not a finite number".into())
    }

    pub(super) fn as_f64(self) -> f64 {
        match self {
            // Rounding to the nearest float is what mixing with floats means.
            Num::Int(int) => int as f64,
            Num::Float(float) => float,
        }
    }

    pub(super) fn is_zero(self) -> bool {
        self.as_f64() == 0.0
    }

    pub(super) fn compare(self, other: Num) -> Option<Ordering> {
        match (self, other) {
            (Num::Int(left), Num::Int(right)) => Some(left.cmp(&right)),
            _ => self.as_f64().partial_cmp(&other.as_f64()),
        }
    }

    /// Rounds half away from zero to a number of decimals.
    pub(super) fn round(self, decimals: i32) -> Num {
        match self {
            Num::Int(int) => Num::Int(int),
            Num::Float(float) => {
                let scale = 10f64.powi(decimals);
                let scaled = float * scale;
                Num::Float(if scaled.is_finite() {
                    scaled.round() / scale
                } else {
                    float
                })
            }
        }
    }
}

/// Computes; the error says why it cannot be done.
pub(super) fn compute(op: Arithmetic, left: Num, right: Num) -> Result<Num, String> {
    if matches!(
        op,
        Arithmetic::Divide | Arithmetic::FloorDivide | Arithmetic::Remainder
    ) && right.is_zero()
    {
        return Err("division by zero".into());
    }
    let too_large = || "the result is too large".to_owned();
    match (left, right) {
        (Num::Int(left), Num::Int(right)) => {
            let exact = match op {
                Arithmetic::Add => left.checked_add(right),
                Arithmetic::Subtract => left.checked_sub(right),
                Arithmetic::Multiply => left.checked_mul(right),
                Arithmetic::FloorDivide => floor_divide(left, right),
                Arithmetic::Remainder => remainder(left, right),
                Arithmetic::Power if right < 0 => return Ok(Num::Float((left as f64).powf(right as f64))),
                Arithmetic::Power => u32::try_from(right)
                    .ok()
                    .and_then(|power| left.checked_pow(power)),
                Arithmetic::Divide => return Ok(Num::Float(left as f64 / right as f64)),
            };
            exact.map(Num::Int).ok_or_else(too_large)
        }
        _ => {
            let (left, right) = (left.as_f64(), right.as_f64());
            let float = match op {
                Arithmetic::Add => left + right,
                Arithmetic::Subtract => left - right,
                Arithmetic::Multiply => left * right,
                Arithmetic::Divide => left / right,
                Arithmetic::FloorDivide => (left / right).floor(),
                Arithmetic::Remainder => left - right * (left / right).floor(),
                Arithmetic::Power => left.powf(right),
            };
            if float.is_finite() {
                Ok(Num::Float(float))
            } else {
                Err(too_large())
            }
        }
    }
}

fn floor_divide(left: i128, right: i128) -> Option<i128> {
    let quotient = left.checked_div(right)?;
    let rounds_up = left % right != 0 && (left < 0) != (right < 0);
    Some(if rounds_up { quotient - 1 } else { quotient })
}

fn remainder(left: i128, right: i128) -> Option<i128> {
    let rest = left.checked_rem(right)?;
    Some(if rest != 0 && (rest < 0) != (right < 0) {
        rest + right
    } else {
        rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(op: Arithmetic, left: &str, right: &str, expected: Result<&str, &str>) {
        let read = |text: &str| Num::of(&text.parse().unwrap());
        let found = compute(op, read(left), read(right))
            .and_then(Num::into_json)
            .map(|number| number.to_string());
        assert_eq!(found, expected.map(String::from).map_err(String::from));
    }

    #[test]
    fn integers_are_exact_and_the_rest_is_float() {
        case(Arithmetic::Add, "9007199254740993", "0", Ok("9007199254740993"));
        case(
            Arithmetic::Multiply,
            "18446744073709551615",
            "2",
            Ok("36893488147419103230"),
        );
        case(Arithmetic::Divide, "6", "2", Ok("3.0"));
        case(Arithmetic::Divide, "6", "0", Err("division by zero"));
        case(Arithmetic::FloorDivide, "-7", "2", Ok("-4"));
        case(Arithmetic::Remainder, "-7", "2", Ok("1"));
        case(Arithmetic::Power, "2", "10", Ok("1024"));
        case(Arithmetic::Power, "10", "400", Err("the result is too large"));
        case(Arithmetic::Multiply, "1.5", "2", Ok("3.0"));
        case(
            Arithmetic::Multiply,
            "1e300",
            "1e300",
            Err("the result is too large"),
        );
    }
}
