// A depot that signs, behind one that does harm: for tests of devices.
export { CLIENT } from './testing/device.ts';
export { send, type Fault } from './testing/faulty-depot.ts';
export { PUBLIC_KEY, signed, startSignedDepot, type SignedDepot } from './testing/signed-depot.ts';
