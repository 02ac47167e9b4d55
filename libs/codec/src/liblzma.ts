/**
 * liblzma as WebAssembly: the same version, and so the same bytes, on every machine, with nothing
 * that must be compiled where it is installed. Half as fast again as native code.
 */
import { initModule } from 'node-liblzma/wasm';

export const liblzma = await initModule();
