//! The families of checksums that a search tries.

use std::sync::OnceLock;

use super::sums::SUMS;

/// One way to compute a checksum.
#[derive(Debug)]
pub struct Algorithm {
    name: String,
    bits: u32,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Crc(Box<Crc>),
    Fold(fn(&[u8]) -> u32),
}

/// A cyclic redundancy check of 16 or 32 bits.
#[derive(Debug)]
struct Crc {
    parameters: Parameters,
    table: [u32; 256],
}

/// What makes one check differ from another; all numbers in their lower 16 bits where it has no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Parameters {
    bits: u32,
    poly: u32,
    init: u32,
    refin: bool,
    refout: bool,
    xorout: u32,
}

impl Algorithm {
    /// Returns all of them; the usual ones come first.
    #[must_use]
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<Algorithm>> = OnceLock::new();
        ALL.get_or_init(make_all)
    }

    /// Finds one by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|a| a.name == name)
    }

    /// Returns its name: that of the catalogue where it is in it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the bits of its result: 16 or 32.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Computes the checksum of some bytes.
    #[must_use]
    pub fn compute(&self, bytes: &[u8]) -> u32 {
        let value = match &self.kind {
            Kind::Crc(crc) => crc.compute(bytes),
            Kind::Fold(fold) => fold(bytes),
        };
        if self.bits == 16 {
            value & 0xffff
        } else {
            value
        }
    }
}

impl Crc {
    fn new(parameters: Parameters) -> Self {
        let Parameters {
            bits, poly, refin, ..
        } = parameters;
        let reversed = poly.reverse_bits() >> (32 - bits);
        let mut table = [0; 256];
        for (i, entry) in (0_u32..).zip(&mut table) {
            let mut value = if refin { i } else { i << 24 };
            for _ in 0..8 {
                value = match (refin, value) {
                    (true, v) if v & 1 == 1 => v >> 1 ^ reversed,
                    (true, v) => v >> 1,
                    (false, v) if v >> 31 == 1 => v << 1 ^ poly << (32 - bits),
                    (false, v) => v << 1,
                };
            }
            *entry = value;
        }
        Self { parameters, table }
    }

    fn compute(&self, bytes: &[u8]) -> u32 {
        let Parameters {
            bits,
            init,
            refin,
            refout,
            xorout,
            ..
        } = self.parameters;
        let shift = 32 - bits;
        let mut value = if refin {
            let mut value = init.reverse_bits() >> shift;
            for &byte in bytes {
                value = value >> 8 ^ self.table[((value ^ u32::from(byte)) & 0xff) as usize];
            }
            value
        } else {
            let mut value = init << shift;
            for &byte in bytes {
                value = value << 8 ^ self.table[(value >> 24 ^ u32::from(byte)) as usize];
            }
            value >> shift
        };
        if refin != refout {
            value = value.reverse_bits() >> shift;
        }
        value ^ xorout
    }
}

fn make_all() -> Vec<Algorithm> {
    let mut all = Vec::new();
    let mut known = Vec::<Parameters>::new();
    let mut crc = |name: String, parameters: Parameters| {
        if !known.contains(&parameters) {
            known.push(parameters);
            all.push(Algorithm {
                name,
                bits: parameters.bits,
                kind: Kind::Crc(Box::new(Crc::new(parameters))),
            });
        }
    };
    for (name, a) in CATALOGUE_16 {
        let parameters = Parameters {
            bits: 16,
            poly: a.poly.into(),
            init: a.init.into(),
            refin: a.refin,
            refout: a.refout,
            xorout: a.xorout.into(),
        };
        crc((*name).to_owned(), parameters);
    }
    for (name, a) in CATALOGUE_32 {
        let parameters = Parameters {
            bits: 32,
            poly: a.poly,
            init: a.init,
            refin: a.refin,
            refout: a.refout,
            xorout: a.xorout,
        };
        crc((*name).to_owned(), parameters);
    }
    for parameters in variations() {
        let Parameters {
            bits,
            poly,
            init,
            refin,
            refout,
            xorout,
        } = parameters;
        let width = bits as usize / 4;
        let name = format!(
            "CRC-{bits} poly={poly:0width$x} init={init:0width$x} refin={refin} refout={refout} xorout={xorout:0width$x}"
        );
        crc(name, parameters);
    }
    all.extend(SUMS.iter().map(|&(name, bits, fold)| Algorithm {
        name: name.to_owned(),
        bits,
        kind: Kind::Fold(fold),
    }));
    all
}

/// Makes what people make of the usual polynomials: from nought or ones, inverted or not, in either bit order.
fn variations() -> impl Iterator<Item = Parameters> {
    const POLYNOMIALS: [(u32, u32); 12] = [
        (16, 0x8005),
        (16, 0x1021),
        (16, 0x3d65),
        (16, 0x8bb7),
        (16, 0xc867),
        (16, 0x0589),
        (16, 0xa097),
        (16, 0x5935),
        (32, 0x04c1_1db7),
        (32, 0x1edc_6f41),
        (32, 0x741b_8cd7),
        (32, 0x8141_41ab),
    ];
    POLYNOMIALS.into_iter().flat_map(|(bits, poly)| {
        let ones = u32::MAX >> (32 - bits);
        (0..16).map(move |n| Parameters {
            bits,
            poly,
            init: if n & 1 == 1 { ones } else { 0 },
            xorout: if n & 2 == 2 { ones } else { 0 },
            refin: n & 4 == 4,
            refout: n & 8 == 8,
        })
    })
}

const CATALOGUE_16: &[(&str, crc::Algorithm<u16>)] = &[
    ("CRC-16/ARC", crc::CRC_16_ARC),
    ("CRC-16/IBM-3740", crc::CRC_16_IBM_3740),
    ("CRC-16/XMODEM", crc::CRC_16_XMODEM),
    ("CRC-16/KERMIT", crc::CRC_16_KERMIT),
    ("CRC-16/MODBUS", crc::CRC_16_MODBUS),
    ("CRC-16/IBM-SDLC", crc::CRC_16_IBM_SDLC),
    ("CRC-16/CDMA2000", crc::CRC_16_CDMA2000),
    ("CRC-16/CMS", crc::CRC_16_CMS),
    ("CRC-16/DDS-110", crc::CRC_16_DDS_110),
    ("CRC-16/DECT-R", crc::CRC_16_DECT_R),
    ("CRC-16/DECT-X", crc::CRC_16_DECT_X),
    ("CRC-16/DNP", crc::CRC_16_DNP),
    ("CRC-16/EN-13757", crc::CRC_16_EN_13757),
    ("CRC-16/GENIBUS", crc::CRC_16_GENIBUS),
    ("CRC-16/GSM", crc::CRC_16_GSM),
    ("CRC-16/ISO-IEC-14443-3-A", crc::CRC_16_ISO_IEC_14443_3_A),
    ("CRC-16/LJ1200", crc::CRC_16_LJ1200),
    ("CRC-16/M17", crc::CRC_16_M17),
    ("CRC-16/MAXIM-DOW", crc::CRC_16_MAXIM_DOW),
    ("CRC-16/MCRF4XX", crc::CRC_16_MCRF4XX),
    ("CRC-16/NRSC-5", crc::CRC_16_NRSC_5),
    ("CRC-16/OPENSAFETY-A", crc::CRC_16_OPENSAFETY_A),
    ("CRC-16/OPENSAFETY-B", crc::CRC_16_OPENSAFETY_B),
    ("CRC-16/PROFIBUS", crc::CRC_16_PROFIBUS),
    ("CRC-16/RIELLO", crc::CRC_16_RIELLO),
    ("CRC-16/SPI-FUJITSU", crc::CRC_16_SPI_FUJITSU),
    ("CRC-16/T10-DIF", crc::CRC_16_T10_DIF),
    ("CRC-16/TELEDISK", crc::CRC_16_TELEDISK),
    ("CRC-16/TMS37157", crc::CRC_16_TMS37157),
    ("CRC-16/UMTS", crc::CRC_16_UMTS),
    ("CRC-16/USB", crc::CRC_16_USB),
];

const CATALOGUE_32: &[(&str, crc::Algorithm<u32>)] = &[
    ("CRC-32/ISO-HDLC", crc::CRC_32_ISO_HDLC),
    ("CRC-32/JAMCRC", crc::CRC_32_JAMCRC),
    ("CRC-32/BZIP2", crc::CRC_32_BZIP2),
    ("CRC-32/AIXM", crc::CRC_32_AIXM),
    ("CRC-32/AUTOSAR", crc::CRC_32_AUTOSAR),
    ("CRC-32/BASE91-D", crc::CRC_32_BASE91_D),
    ("CRC-32/CD-ROM-EDC", crc::CRC_32_CD_ROM_EDC),
    ("CRC-32/CKSUM", crc::CRC_32_CKSUM),
    ("CRC-32/ISCSI", crc::CRC_32_ISCSI),
    ("CRC-32/MEF", crc::CRC_32_MEF),
    ("CRC-32/MPEG-2", crc::CRC_32_MPEG_2),
    ("CRC-32/XFER", crc::CRC_32_XFER),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_of_the_catalogue_has_its_check_value() {
        let value = |name: &str| {
            let algorithm = Algorithm::named(name).expect(name);
            algorithm.compute(b"123456789")
        };
        for (name, a) in CATALOGUE_16 {
            assert_eq!(value(name), u32::from(a.check), "{name}");
        }
        for (name, a) in CATALOGUE_32 {
            assert_eq!(value(name), a.check, "{name}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Algorithm::all().iter().map(Algorithm::name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
