//! The Wasm module's raw exports, over its linear memory; `embed.js` is their only caller. It
//! must not hold a rule: each export hands over to the crate's types.

#![expect(
    unsafe_code,
    reason = "raw exports: lengths and pointers come from embed.js alone"
)]

use crate::{DIMENSIONS, Held, Model, Scan, VECTOR_BYTES, Vector, Weights};
use std::cell::RefCell;

thread_local! {
    static MODEL: RefCell<Option<Model<'static>>> = const { RefCell::new(None) };
    static SCAN: RefCell<Option<Scan>> = const { RefCell::new(None) };
    static HELD: RefCell<Held> = RefCell::default();
}

/// Room for `length` bytes; it stays until [`release`].
#[unsafe(no_mangle)]
pub extern "C" fn reserve(length: usize) -> *mut u8 {
    Box::leak(vec![0_u8; length].into_boxed_slice()).as_mut_ptr()
}

/// Gives room back.
///
/// # Safety
/// `start` and `length` are of one [`reserve`] that was not given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn release(start: *mut u8, length: usize) {
    // SAFETY: by contract this is the box that `reserve` leaked.
    drop(unsafe { Box::from_raw(core::ptr::slice_from_raw_parts_mut(start, length)) });
}

/// Reads the weights at `start`, which must stay there; 1 where they are ours, else 0.
///
/// # Safety
/// `length` bytes at `start` are initialised and never written again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn load(start: *const u8, length: usize) -> u32 {
    // SAFETY: by contract.
    let bytes: &'static [u8] = unsafe { core::slice::from_raw_parts(start, length) };
    let model = Weights::parse(bytes).ok().map(Model::new);
    MODEL.with_borrow_mut(|slot| {
        *slot = model;
        u32::from(slot.is_some())
    })
}

/// Writes the vector of the UTF-8 text at `start` to `out`; 1 where weights are loaded, else 0.
///
/// # Safety
/// `length` bytes at `start` are initialised, and `out` has room for a vector.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embed(
    start: *const u8,
    length: usize,
    tokens_max: usize,
    out: *mut u8,
) -> u32 {
    // SAFETY: by contract.
    let (text, out) = unsafe {
        let text = core::slice::from_raw_parts(start, length);
        (text, core::slice::from_raw_parts_mut(out, VECTOR_BYTES))
    };
    MODEL.with_borrow(|slot| {
        let Some(model) = slot else { return 0 };
        let vector = model.embed(&String::from_utf8_lossy(text), tokens_max);
        out.copy_from_slice(&vector.to_bytes());
        1
    })
}

/// Prepares for a search among an owner's vectors in the slots from `first` up to `end`: the slot
/// from which on they have to be brought by [`scan_block`].
#[unsafe(no_mangle)]
pub extern "C" fn prepare(owner: u32, first: u32, end: u32) -> u32 {
    HELD.with_borrow_mut(|held| held.prepare(owner, first, end))
}

/// Forgets what is held of an owner's vectors.
#[unsafe(no_mangle)]
pub extern "C" fn forget(owner: u32) {
    HELD.with_borrow_mut(|held| held.forget(owner));
}

/// Begins a search for the `nearest_max` nearest to the vector at `query`, among those that are
/// held of the owner prepared last.
///
/// # Safety
/// A vector stands at `query`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scan_begin(query: *const u8, nearest_max: usize) {
    // SAFETY: by contract.
    let bytes = unsafe { core::slice::from_raw_parts(query, VECTOR_BYTES) };
    let zero = [0.0; DIMENSIONS];
    let query = Vector::from_bytes(bytes).unwrap_or_else(|| Vector::quantise(&zero));
    let mut scan = Scan::new(&query, nearest_max);
    HELD.with_borrow(|held| held.blocks().for_each(|block| scan.block(block)));
    SCAN.set(Some(scan));
}

/// Compares one more block of the owner's vectors, and holds it where there is room. `place` counts
/// from the owner's first slot; what the search has seen already is passed over.
///
/// # Safety
/// `length` bytes at `start` are initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scan_block(start: *const u8, length: usize, place: u32) {
    // SAFETY: by contract.
    let block = unsafe { core::slice::from_raw_parts(start, length) };
    SCAN.with_borrow_mut(|slot| {
        let Some(scan) = slot else { return };
        let seen = scan.compared().saturating_sub(place) as usize;
        let new = block
            .get(seen.saturating_mul(VECTOR_BYTES)..)
            .unwrap_or(&[]);
        HELD.with_borrow_mut(|held| held.hold(new));
        scan.block(new);
    });
}

/// Bytes of one neighbour as [`scan_end`] writes it.
const NEIGHBOUR_BYTES: usize = 12;

/// Ends the search: writes position (`u32`), cosine and density (`f32`) of each neighbour to
/// `out`, nearest first, and gives their number.
///
/// # Safety
/// `out` has room for 12 bytes for each of the neighbours asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scan_end(out: *mut u8) -> u32 {
    let found = SCAN.take().map(|scan| scan.nearest()).unwrap_or_default();
    let length = found.len().saturating_mul(NEIGHBOUR_BYTES);
    // SAFETY: by contract; the search keeps no more than were asked for.
    let out = unsafe { core::slice::from_raw_parts_mut(out, length) };
    let (slots, _) = out.as_chunks_mut::<NEIGHBOUR_BYTES>();
    for (slot, neighbour) in slots.iter_mut().zip(found) {
        let position = neighbour.position.to_le_bytes();
        let rest = [
            neighbour.cosine.to_le_bytes(),
            neighbour.density.to_le_bytes(),
        ];
        for (byte, value) in slot
            .iter_mut()
            .zip(position.into_iter().chain(rest.into_iter().flatten()))
        {
            *byte = value;
        }
    }
    u32::try_from(slots.len()).unwrap_or(0)
}
