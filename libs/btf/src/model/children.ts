import type { BtfType } from './types.ts';

/** Calls `visit` with each type that a type refers to, in wire order, void included. */
export function eachChild(type: BtfType, visit: (child: BtfType) => void): void {
  switch (type.kind) {
    case 'array':
      visit(type.type);
      visit(type.index);
      return;
    case 'struct':
    case 'union':
      for (const member of type.members) visit(member.type);
      return;
    case 'functionProto':
      visit(type.result);
      for (const parameter of type.parameters) visit(parameter.type);
      return;
    case 'section':
      for (const entry of type.entries) visit(entry.type);
      return;
    case 'locationProto':
      for (const parameter of type.parameters) visit(parameter);
      return;
    case 'locationSection':
      for (const { func, proto } of type.sites) {
        visit(func);
        visit(proto);
      }
      return;
    default:
      if ('type' in type) visit(type.type);
  }
}
