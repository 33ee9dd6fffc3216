"""
Owns people, and what they may do: invitations, roles, groups, charge cards, sign-in.

Takes      InvitePerson, RenamePerson, ForgetPerson, CreateGroup, DissolveGroup, AddMember,
           RemoveMember, GrantRole, RevokeRole, GrantPlatformRole, RevokePlatformRole,
           RequestAccess, AnswerRequest, RegisterCard, BlockCard, UnblockCard, RemoveCard,
           RecordRefusal
Announces  PersonInvited, PersonRegistered, PersonRenamed, PersonForgotten, PasswordSet,
           PasskeyAdded, PasskeyRemoved, IdentityLinked, SignedIn, SignInBlocked, TokenIssued,
           TokenRevoked, CardRegistered, CardBlocked, CardUnblocked, CardRemoved, GroupCreated,
           GroupDissolved, MemberAdded, MemberRemoved, RoleGranted, RoleRevoked,
           AccessRequested, RequestAnswered, PlatformRoleGranted, PlatformRoleRevoked,
           ClientRegistered, ClientRevoked, AccessRefused
Listens to installation: which installations and chargers there are
"""
