import { expect, it } from 'vitest';
import { pageQuery, parsePage } from './listing.ts';

const entry = (key: string) => `<Contents><Key>${key}</Key>
  <LastModified>2026-11-02T10:00:00.000Z</LastModified><ETag>&#34;0f1e&#34;</ETag>
  <Size>12</Size><Owner><ID></ID></Owner><StorageClass>STANDARD</StorageClass></Contents>`;

const page = (inside: string) => `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>depot</Name>${inside}</ListBucketResult>`;

const at = new Date('2026-11-02T10:00:00Z');

it('asks for a page by a query that is sorted and escaped', () => {
  expect(pageQuery({ prefix: 'kernels/7f', token: '', after: '' })).toBe(
    'encoding-type=url&list-type=2&max-keys=1000&prefix=kernels%2F7f',
  );
  expect(pageQuery({ prefix: 'a', token: '[x:y]=(1)', after: 'a b' })).toBe(
    'continuation-token=%5Bx%3Ay%5D%3D%281%29&encoding-type=url&list-type=2&max-keys=1000&prefix=a&start-after=a%20b',
  );
});

it('has the entries of a page, and what the next is asked for by', () => {
  const inside = `<IsTruncated>true</IsTruncated>${entry('kernels%2F7f')}${entry('a+b%2Bc')}`;
  const next = '<NextContinuationToken>x&amp;y&lt;</NextContinuationToken>';
  const listed = [
    { key: 'kernels/7f', etag: '0f1e', size: 12, at },
    { key: 'a b+c', etag: '0f1e', size: 12, at },
  ];
  expect(parsePage(page(`${next}${inside}`))).toEqual({ listed, next: 'x&y<' });
  expect(parsePage(page(`${inside}${next}`))).toEqual({ listed, next: 'x&y<' });
});

it.each([
  ['<IsTruncated>false</IsTruncated>', 0],
  [`${entry('a')}<IsTruncated>false</IsTruncated>`, 1],
])('ends with the page that says so', (inside, count) => {
  const { listed, next } = parsePage(page(inside));
  expect([listed.length, next]).toEqual([count, undefined]);
});

it.each([
  ['', 'not a listing'],
  ['<html><IsTruncated>false</IsTruncated></html>', 'not a listing'],
  [page(''), 'no IsTruncated'],
  [page('<IsTruncated>true</IsTruncated>'), 'no NextContinuationToken'],
  [page(`${entry('a').replace('ETag', 'Tag')}<IsTruncated>false</IsTruncated>`), 'no ETag'],
  [page(`${entry('a').replace('12', 'x')}<IsTruncated>false</IsTruncated>`), 'without size'],
  [
    page(`${entry('a').replace('2026', '')}<IsTruncated>false</IsTruncated>`),
    'without size or time',
  ],
  [page(entry('a')).slice(0, -60), 'no IsTruncated'],
])('refuses what is no page', (xml, why) => {
  expect(() => parsePage(xml)).toThrow(why);
});
