//! Bodies: `Content-Encoding`, `Accept-Encoding`, and ClickHouse's own frames
//! (`decompress=1`, `compress=1`).

use std::io::{self, BufReader, Read, Write};

use bytes::{Buf, Bytes};

use super::exception::Exception;

/// Largest frame of ClickHouse's own that is taken, unpacked. Servers write 1 MiB.
const MAX_FRAME: usize = 1 << 30;
/// Bytes of an answer in one frame.
const FRAME: usize = 1 << 20;
/// Checksum, method and the two sizes.
const HEADER: usize = 25;

/// Unpacks a body as it is read.
///
/// # Errors
/// An encoding that is not known here.
pub fn decoded(
    encoding: &str,
    framed: bool,
    body: Bytes,
) -> Result<Box<dyn Read + Send>, Exception> {
    let body = body.reader();
    let plain: Box<dyn Read + Send> = match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Box::new(body),
        "gzip" | "x-gzip" => Box::new(flate2::read::MultiGzDecoder::new(body)),
        "deflate" => Box::new(flate2::read::ZlibDecoder::new(body)),
        // Reads all frames, one after the other.
        "zstd" => Box::new(zstd::stream::read::Decoder::new(body).map_err(|e| bad(&e))?),
        "lz4" => Box::new(Lz4Frames::new(body)),
        other => {
            return Err(Exception::new(
                48,
                &format!(
                    "Content-Encoding {other} is not known here: use gzip, deflate, lz4 or zstd"
                ),
            ));
        }
    };
    Ok(if framed {
        Box::new(Frames::new(plain))
    } else {
        plain
    })
}

fn bad(error: &io::Error) -> Exception {
    Exception::new(33, &format!("can't unpack the body: {error}"))
}

/// All LZ4 frames of a body. Some clients send one a block: reading only the first would lose
/// the rest without a word.
struct Lz4Frames<R: Read> {
    frame: Option<lz4_flex::frame::FrameDecoder<BufReader<R>>>,
}

impl<R: Read> Lz4Frames<R> {
    fn new(body: R) -> Self {
        Self {
            frame: Some(lz4_flex::frame::FrameDecoder::new(BufReader::new(body))),
        }
    }
}

impl<R: Read> Read for Lz4Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        use std::io::BufRead;
        loop {
            let Some(frame) = &mut self.frame else {
                return Ok(0);
            };
            let n = frame.read(out)?;
            if n > 0 || out.is_empty() {
                return Ok(n);
            }
            let Some(frame) = self.frame.take() else {
                return Ok(0);
            };
            let mut rest = frame.into_inner();
            if !rest.fill_buf()?.is_empty() {
                self.frame = Some(lz4_flex::frame::FrameDecoder::new(rest));
            }
        }
    }
}

/// ClickHouse's own frames: checksum (CityHash 1.0.2, 128 bits), method, packed size with the
/// nine bytes of this header, unpacked size, data.
struct Frames<R> {
    packed: R,
    block: Vec<u8>,
    at: usize,
}

impl<R: Read> Frames<R> {
    fn new(packed: R) -> Self {
        Self {
            packed,
            block: Vec::new(),
            at: 0,
        }
    }

    /// False at the end of the data.
    fn next(&mut self) -> io::Result<bool> {
        let wrong = |m: String| io::Error::new(io::ErrorKind::InvalidData, m);
        let mut header = [0; HEADER];
        let first = self.packed.read(&mut header)?;
        if first == 0 {
            return Ok(false);
        }
        self.packed.read_exact(&mut header[first..])?;
        let size = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
                as usize
        };
        let (packed, unpacked) = (size(17), size(21));
        if !(9..=MAX_FRAME).contains(&packed) || unpacked > MAX_FRAME {
            return Err(wrong(format!(
                "a compressed block of {packed} bytes, {unpacked} unpacked"
            )));
        }
        let mut frame = vec![0; packed];
        frame[..9].copy_from_slice(&header[16..]);
        self.packed.read_exact(&mut frame[9..])?;
        if checksum(&frame) != header[..16] {
            return Err(wrong("the checksum of a compressed block differs".into()));
        }
        let data = &frame[9..];
        self.block = match frame[0] {
            0x82 => {
                lz4_flex::block::decompress(data, unpacked).map_err(|e| wrong(e.to_string()))?
            }
            0x90 => zstd::bulk::decompress(data, unpacked)?,
            0x02 => data.to_vec(),
            m => {
                return Err(wrong(format!(
                    "compression method {m:#x} is not known here"
                )));
            }
        };
        self.at = 0;
        Ok(true)
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.block.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let n = out.len().min(self.block.len() - self.at);
        out[..n].copy_from_slice(&self.block[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

fn checksum(frame: &[u8]) -> [u8; 16] {
    // The two halves are written low word first, each little-endian.
    cityhash_rs::cityhash_102_128(frame)
        .rotate_right(64)
        .to_le_bytes()
}

/// How an answer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// ClickHouse's own frames, with LZ4.
    Frames,
    /// `Content-Encoding: gzip`
    Gzip,
    /// `Content-Encoding: deflate` (with zlib's header, as servers do)
    Deflate,
    /// `Content-Encoding: lz4`
    Lz4,
    /// `Content-Encoding: zstd`
    Zstd,
}

impl Packing {
    /// The best of what `Accept-Encoding` names.
    pub fn accepted(header: &str) -> Self {
        let named: Vec<&str> = header
            .split(',')
            .filter_map(|part| {
                let (name, quality) = part.split_once(';').unwrap_or((part, ""));
                let refused = quality
                    .trim()
                    .strip_prefix("q=")
                    .is_some_and(|q| q.parse() == Ok(0.0f32));
                (!refused).then(|| name.trim())
            })
            .collect();
        [Self::Zstd, Self::Lz4, Self::Gzip, Self::Deflate]
            .into_iter()
            .find(|p| p.header().is_some_and(|h| named.contains(&h)))
            .unwrap_or(Self::Plain)
    }

    /// Value of `Content-Encoding`.
    pub fn header(self) -> Option<&'static str> {
        match self {
            Self::Plain | Self::Frames => None,
            Self::Gzip => Some("gzip"),
            Self::Deflate => Some("deflate"),
            Self::Lz4 => Some("lz4"),
            Self::Zstd => Some("zstd"),
        }
    }

    /// Packs a whole answer.
    ///
    /// # Errors
    /// The packer's own (memory).
    pub fn pack(self, body: Bytes) -> Result<Bytes, Exception> {
        let packed = match self {
            Self::Plain => return Ok(body),
            Self::Frames => return Ok(frames(&body).into()),
            Self::Gzip => {
                let level = flate2::Compression::fast();
                let mut out = flate2::write::GzEncoder::new(Vec::new(), level);
                out.write_all(&body).and_then(|()| out.finish())
            }
            Self::Deflate => {
                let level = flate2::Compression::fast();
                let mut out = flate2::write::ZlibEncoder::new(Vec::new(), level);
                out.write_all(&body).and_then(|()| out.finish())
            }
            Self::Zstd => zstd::bulk::compress(&body, 1),
            Self::Lz4 => {
                let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
                out.write_all(&body)
                    .and_then(|()| out.finish().map_err(io::Error::other))
            }
        };
        packed
            .map(Bytes::from)
            .map_err(|e| Exception::new(1001, &format!("can't pack the answer: {e}")))
    }
}

fn frames(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() / 2 + HEADER);
    for block in body.chunks(FRAME) {
        let packed = lz4_flex::block::compress(block);
        let mut frame = Vec::with_capacity(packed.len() + 9);
        frame.push(0x82);
        frame.extend(((packed.len() + 9) as u32).to_le_bytes());
        frame.extend((block.len() as u32).to_le_bytes());
        frame.extend(packed);
        out.extend(checksum(&frame));
        out.extend(frame);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Bytes {
        (0..400_000u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect::<Vec<_>>()
            .into()
    }

    fn unpack(encoding: &str, framed: bool, body: Bytes) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        decoded(encoding, framed, body)
            .unwrap()
            .read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        for packing in [Packing::Gzip, Packing::Deflate, Packing::Lz4, Packing::Zstd] {
            let packed = packing.pack(body()).unwrap();
            assert!(packed.len() < body().len() / 2);
            assert_eq!(
                unpack(packing.header().unwrap(), false, packed).unwrap(),
                body()
            );
        }
        let packed = Packing::Frames.pack(body()).unwrap();
        assert_eq!(unpack("", true, packed).unwrap(), body());
        assert_eq!(unpack("", false, body()).unwrap(), body());
    }

    #[test]
    fn all_of_several_streams_are_read() {
        for packing in [Packing::Gzip, Packing::Lz4, Packing::Zstd] {
            let mut packed = packing.pack("one ".into()).unwrap().to_vec();
            packed.extend(packing.pack(body()).unwrap());
            packed.extend(packing.pack(" three".into()).unwrap());
            let all = unpack(packing.header().unwrap(), false, packed.into()).unwrap();
            assert_eq!(all.len(), 4 + body().len() + 6, "{packing:?}");
            assert!(all.ends_with(b" three"));
        }
    }

    #[test]
    fn a_cut_or_changed_body_is_an_error() {
        for packing in [Packing::Gzip, Packing::Deflate, Packing::Lz4, Packing::Zstd] {
            let packed = packing.pack(body()).unwrap();
            let cut = packed.slice(..packed.len() / 2);
            assert!(
                unpack(packing.header().unwrap(), false, cut).is_err(),
                "{packing:?}"
            );
        }
        let mut packed = Packing::Frames.pack(body()).unwrap().to_vec();
        assert!(unpack("", true, packed[..packed.len() - 1].to_vec().into()).is_err());
        packed[100] ^= 1;
        let error = unpack("", true, packed.into()).unwrap_err();
        assert!(error.to_string().contains("checksum"), "{error}");
    }

    #[test]
    fn an_unknown_encoding_is_named() {
        let error = decoded("br", false, Bytes::new()).err().unwrap();
        assert!(error.message.contains("br"), "{error}");
    }

    #[test]
    fn the_best_accepted_encoding_is_taken() {
        assert_eq!(Packing::accepted("gzip, deflate, zstd"), Packing::Zstd);
        assert_eq!(Packing::accepted("gzip;q=1.0, zstd;q=0"), Packing::Gzip);
        assert_eq!(Packing::accepted("br"), Packing::Plain);
    }
}
