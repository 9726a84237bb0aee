/** Keys made by other programs, all with the password {@link PASSWORD}. They were made for these tests and sign nothing else. */

export const PASSWORD: string = 'gantry test';

export interface MadeKey {
  readonly by: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

export const MADE_KEYS: readonly MadeKey[] = [
  {
    by: 'cosign 2.6.2 generate-key-pair',
    privateKey: `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiJyYUZ5dytabUErNHFDSkoybi9zNFZHd1dzdWZrVVpq
RGRiNnlJSXFERmZBPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJpWWxRWTJBZGMwSGRsMytGWXpaZWtvb2xhbk5QeUdXcSJ9LCJj
aXBoZXJ0ZXh0IjoiYUxjMGFlQ3h0SkdKSnJIaWlLb1d2UHFjZHAwMmU3a3J1L3U4
RENnN3g5bFRaeElTSXRzR1gyM1FmcGpqZFdqcXZRaTlzd0R4MkUyeGhZZW5hSTRW
eTVjUEU0dldzdmZoTUh5UFk4TjhqVkVvU3lobm5aWjFkUy9VaitFUzE4VUltblhl
N3p5R0l4dzFDajZrMktvWXNtendpcFZtVXhpTVpOd1hmRVY2WWRiOUF6SzdSaDhQ
ejZhYWg1RlhudEtwaTRxelZrRWRJQlQ2dnc9PSJ9
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
`,
    publicKey: `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0zjkH7njze63szh3qO6zNNjxXIAx
rNLGpX0aK7U/CYXs0IuKJZXiRNMJ6O49SHQKzhJNaBpFMKwb2YJEVQl04A==
-----END PUBLIC KEY-----
`,
  },
  {
    by: 'cosign 3.1.3 generate-key-pair',
    privateKey: `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiJhb3pIZ0ZmR0VsdjdWaWlidENYejNaWHJzMm1zdk1L
a3FxNGpOTzQ4RDZVPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJtNjVTQW1oNGVFUGsxTkdYckNuMnI0YUZkNzVaT3VRcyJ9LCJj
aXBoZXJ0ZXh0IjoiZmFob3N0dG9ZVldqQ0hFNG9ndytGVjBJeE9WVVIxVHV6Nmdt
T2M1cEhxeWViQlFrWmNmdkpqSUNaUjdzQitrSjZnRHYvRU9uNU5ZZUd4QkF3S3dP
SHVsUkZTQ0hvYUFjODNkcUZneVZ5ZTNuaDkxcDAxNmFlamdFTnRLVTdHL2JxdXRX
ZmlBZ0ZSUHpEenNuajh3MkFjY24veFFxNER0TXhHNGdyWkRubFlicWJPZ3lnWVFI
dGV4ZzQybFhYT0owTjVHbTkyc21IZ0RYQUE9PSJ9
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
`,
    publicKey: `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEL1KMw30/TzqskNdrPbihx9uVNEXk
rp0VB0N26Us8a/Ec49URur2oIdrstY9i8aBzabhe+szauOg5RPDjLSohiA==
-----END PUBLIC KEY-----
`,
  },
  {
    by: 'go-securesystemslib 0.11.0 with the label and the cost of cosign 1',
    privateKey: `-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjozMjc2OCwiciI6
OCwicCI6MX0sInNhbHQiOiI4MkVBM2NrcG14UXM0emNqM0s2ejJvYUdPY09IbVdp
bkR4TFZ1U0tqTnNFPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJPSFBmSzdpQlZoTXkwSUkzT3BOVTdNcXExcS84T25lRyJ9LCJj
aXBoZXJ0ZXh0Ijoia0lLMSt1bWFsZWM5RDJSRnk2Y2xXM05lLzFtYkI5SlUxQUFp
U1JPc0g1MjRFYUx0NzhJdXlpVHRyY0EyTEZFYzdjRmRPc3kxL3dnTVIrbjVMc2hV
eEpEVjN3aVNscnZhUWcyTjZjVm5DaG1TTHlMd29vMHgyMjMvUlVxYUdScVo4b3Qx
bllTZFdxR2l0MGFOM1pBcWlaSHViSldnMS9SQklFMUJyV2tBell5NUhjUW9sbHJ1
cVh6UUUrZEFNb3UzSjgxUHV5QlpEQmtiVEE9PSJ9
-----END ENCRYPTED COSIGN PRIVATE KEY-----
`,
    publicKey: `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEg4bpmmpzR7SowIht3eiegU/X8TX0
k+Z2Yq0W6iI55WV+XwGFXPE/XbGY4jC0L9G5kE/ePba1/NbOyQWLpmljRQ==
-----END PUBLIC KEY-----
`,
  },
];
