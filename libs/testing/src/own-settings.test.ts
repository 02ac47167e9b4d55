import { expect, test } from 'vitest';
import { dropSettings } from './own-settings.ts';

test('no test asks the depot of whoever runs it', () => {
  const environment = {
    PATH: '/bin',
    BTFDEPOT_CACHE: '/cache',
    BTFDEPOT_TOKEN: 'btfd_secret',
    BTFDEPOT_URL: 'https://depot.example',
    HTTPS_PROXY: 'http://proxy.example',
    no_proxy: 'elsewhere.example',
  };
  dropSettings(environment);
  dropSettings(environment);
  expect(environment).toEqual({
    PATH: '/bin',
    BTFDEPOT_CACHE: '/cache',
    HTTPS_PROXY: 'http://proxy.example',
    NO_PROXY: '127.0.0.1,localhost',
    no_proxy: 'elsewhere.example,127.0.0.1,localhost',
  });
  expect(process.env).not.toHaveProperty('BTFDEPOT_TOKEN');
});
