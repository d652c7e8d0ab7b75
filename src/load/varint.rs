//! Numbers of variable length as HdrHistogram's V2 encoding has them: LEB128, except that a ninth byte holds eight bits, so
//! that 64 bits take at most nine bytes.

/// The last byte that can follow.
const LAST: u32 = 8;

/// Takes a number from the front of `bytes`; `None` where it is cut off.
pub(super) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for position in 0..=LAST {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if position == LAST {
            return Some(value | u64::from(*byte) << (7 * position));
        }
        value |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value)
}

/// Appends a number.
pub(super) fn write(mut value: u64, out: &mut Vec<u8>) {
    for _ in 0..LAST {
        let low = value.to_le_bytes().first().map_or(0, |byte| byte & 0x7f);
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
    out.extend(value.to_le_bytes().first());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::vec((any::<u64>(), 0u32..64), 0..20)) {
            let values: Vec<u64> = values.into_iter().map(|(value, shift)| value >> shift).collect();
            let mut bytes = Vec::new();
            values.iter().for_each(|value| write(*value, &mut bytes));
            prop_assert!(bytes.len() <= values.len() * 9);
            let mut rest = bytes.as_slice();
            for value in values {
                prop_assert_eq!(read(&mut rest), Some(value));
            }
            prop_assert_eq!(read(&mut rest), None);
        }
    }

    #[test]
    fn the_length_is_that_of_the_format() {
        for (value, wanted) in [(0, 1), (127, 1), (128, 2), ((1 << 56) - 1, 8), (1 << 56, 9), (u64::MAX, 9)] {
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            assert_eq!(bytes.len(), wanted, "{value}");
        }
        assert_eq!(read(&mut [0x80u8, 0x80].as_slice()), None);
    }
}
