// A depot that signs, and one before it that does harm: for tests of what devices do with it.
export { CLIENT } from './testing/device.ts';
export { send, type Fault } from './testing/faulty-depot.ts';
export { PUBLIC_KEY, signed, startSignedDepot, type SignedDepot } from './testing/signed-depot.ts';
